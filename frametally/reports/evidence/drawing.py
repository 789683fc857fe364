"""The chosen frames of a brief, with their pictures, clips and counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

import numpy as np
from msgspec.structs import replace

from frametally.analysis.view import Progress, View
from frametally.reports.blur.boxes import Blurring
from frametally.reports.brief import BriefFile
from frametally.reports.evidence.choice import Chosen, ChosenFrame
from frametally.reports.evidence.clips import MAX_CLIPS, clip_of
from frametally.reports.evidence.pictures import DrawnPicture, Painter, bytes_per_picture, encoded
from frametally.reports.facts import EvidenceFrame, FramePicture
from frametally.reports.sources import BriefSources, BriefVideo
from frametally.reports.texts import plural
from frametally.video.frame_reader import FrameReader

_NO_VIDEO: Final = "The video is not stored here, so its frames cannot be shown."
_NOT_DECODED: Final = "This frame of the video cannot be decoded."
_NOT_BLURRED: Final = "Not shown: a model did not analyze this frame, so nothing in it could be blurred."
_MAX_NAMED: Final = 40


@dataclass(frozen=True)
class DrawnEvidence:
    """Frames in order of time, and what belongs to them."""

    frames: tuple[EvidenceFrame, ...]
    files: list[BriefFile]
    notes: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    """What blurring may have missed."""


def draw_evidence(
    sources: BriefSources,
    views: Sequence[View],
    chosen: Chosen,
    colors: Mapping[str, str],
    *,
    blurred: Sequence[str],
    has_clips: bool,
    progress: Progress,
) -> DrawnEvidence:
    """Draw the frames.

    Args:
        sources: of the brief.
        views: of one or two models, which get a picture each.
        chosen: the frames.
        colors: hex color by class name.
        blurred: display names of classes.
        has_clips: whether the first `MAX_CLIPS` frames get a clip.
        progress: receives the share done.

    Raises:
        VideoError: the video cannot be read.
    """
    frames = [_frame(views, one) for one in chosen.frames]
    if sources.video is None or not frames:
        return DrawnEvidence(tuple(frames), [], () if sources.video else (_NO_VIDEO,))
    with closing(FrameReader(sources.video.path, sources.video.index, cache_bytes=0, threads=1)) as reader:
        painter = Painter(
            reader=reader,
            blurrings=[Blurring(view, blurred) for view in views if view.table.kind.has_boxes] if blurred else [],
            colors=colors,
        )
        drawing = _Drawing(painter, views, sources.video, {frame.entry: frame for frame in frames}, progress)
        drawing.draw_pictures(share=0.5 if has_clips else 1.0)
        clip_notes = drawing.draw_clips() if has_clips else ()
    notes = _drawn_note(views[0]), *clip_notes
    ordered = tuple(drawing.frames[frame.entry] for frame in frames)
    return DrawnEvidence(ordered, drawing.files, notes, _limits(blurred, drawing.lacking))


class _Drawing:
    def __init__(
        self,
        painter: Painter,
        views: Sequence[View],
        video: BriefVideo,
        frames: dict[int, EvidenceFrame],
        progress: Progress,
    ) -> None:
        self._painter, self._views, self._video, self._progress = painter, views, video, progress
        self.frames = frames
        self.files: list[BriefFile] = []
        self.lacking: set[int] = set()
        """Indices of frames in which something may not be blurred."""

    def draw_pictures(self, share: float) -> None:
        max_bytes = bytes_per_picture(len(self.frames) * len(self._views))
        positions = {entry: frame.frame for entry, frame in self.frames.items()}
        for number, (entry, shown, may_lack) in enumerate(self._painter.frames(positions)):
            frame = self.frames[entry]
            if shown is None:
                is_decodable = frame.frame < len(self._video.index) and self._painter.blurrings
                why = _NOT_BLURRED if is_decodable and not self._is_analyzed(entry) else _NOT_DECODED
                self.frames[entry] = replace(frame, why_no_picture=why)
                continue
            if may_lack:
                self.lacking.add(frame.frame)
            pictures = []
            for at, view in enumerate(self._views):
                name = f"entry-{entry:06d}-{'ab'[at]}.webp"  # two entries may be of one frame
                self._add(name, encoded(self._painter.drawn(view, entry, shown), max_bytes))
                pictures.append(replace(frame.pictures[at], file=name))
            self.frames[entry] = replace(frame, pictures=tuple(pictures))
            self._progress(share * (number + 1) / len(positions))

    def draw_clips(self) -> tuple[str, ...]:
        """Of frames with a picture; returns what the brief should say about them."""
        wanted = [frame for frame in self.frames.values() if frame.pictures and frame.pictures[0].file]
        lacking = 0
        for number, frame in enumerate(wanted[:MAX_CLIPS]):
            clip = clip_of(self._painter, self._views[0], frame.entry)
            if clip is None:
                lacking += 1
            else:
                name = f"clip-{frame.entry:06d}.mp4"
                self.files.append(
                    BriefFile(
                        name=name,
                        media_type="video/mp4",
                        width_px=clip.width_px,
                        height_px=clip.height_px,
                        content=clip.mp4,
                    )
                )
                self.frames[frame.entry] = replace(frame, clip=name)
                if clip.may_lack:
                    self.lacking.add(frame.frame)
            self._progress(0.5 + 0.5 * (number + 1) / min(len(wanted), MAX_CLIPS))
        return tuple(_clip_notes(len(wanted), lacking, is_blurred=bool(self._painter.blurrings)))

    def _add(self, name: str, picture: DrawnPicture) -> None:
        self.files.append(
            BriefFile(
                name=name,
                media_type="image/webp",
                width_px=picture.width_px,
                height_px=picture.height_px,
                content=picture.webp,
            )
        )

    def _is_analyzed(self, entry: int) -> bool:
        return all(view.table.analyzed[entry] for view in self._views)


def _frame(views: Sequence[View], chosen: ChosenFrame) -> EvidenceFrame:
    results = views[0].results
    return EvidenceFrame(
        entry=chosen.entry,
        frame=int(results.frame_index[chosen.entry]),
        time_s=float(results.time_s[chosen.entry]),
        reasons=chosen.reasons,
        notes=chosen.notes,
        pictures=tuple(FramePicture(file="", model=view.model, counts=_counts(view, chosen.entry)) for view in views),
        why_no_picture="",
        is_damaged=bool(results.damaged[chosen.entry]),
    )


def _counts(view: View, entry: int) -> tuple[tuple[str, int], ...] | None:
    if not view.table.analyzed[entry] or not view.table.kind.has_boxes:
        return None
    _, of_model, confidence = view.results.confidences(view.model, entry, entry + 1)
    codes = view.codes[of_model[confidence >= view.confidence]]
    counts = np.bincount(codes[codes >= 0], minlength=len(view.names)).tolist()
    found = [(name, count) for name, count in zip(view.names, counts, strict=True) if count]
    return tuple(sorted(found, key=lambda pair: -pair[1]))


def _clip_notes(wanted: int, lacking: int, *, is_blurred: bool) -> Iterator[str]:
    if wanted > MAX_CLIPS:
        yield f"Clips of the first {MAX_CLIPS} frames."
    if lacking:
        why = (
            "not everything in them could be blurred"
            if is_blurred
            else "their frames cannot be decoded or are not in order"
        )
        yield f"{plural(lacking, 'clip')} left out: {why}."


def _drawn_note(view: View) -> str:
    if not view.table.kind.has_boxes:
        return ""
    return f"Boxes are drawn at min. confidence {view.confidence:g}."


def _limits(blurred: Sequence[str], lacking: set[int]) -> tuple[str, ...]:
    if not blurred:
        return ()
    general = (
        f"Blurred: {', '.join(blurred)}, at every confidence. Blur follows the model: what it did not detect is not "
        "blurred."
    )
    if not lacking:
        return (general,)
    named = sorted(lacking)
    more = f" and {plural(len(named) - _MAX_NAMED, 'more')}" if len(named) > _MAX_NAMED else ""
    where = ", ".join(str(frame) for frame in named[:_MAX_NAMED]) + more
    word = "frame" if len(named) == 1 else "frames"
    return (general, f"In {word} {where} of the video it may have missed one: a neighboring frame has a box there.")
