"""What a brief of a job is made of, from the ledger, the library and the stored results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

import numpy as np

from frametally.access.names import names_by_id
from frametally.analysis.placement import place_results
from frametally.analysis.view import View
from frametally.errors import RegionsError
from frametally.job import EMBEDDED, Job
from frametally.ledger.audits.frame_checks import checks_of
from frametally.ledger.audits.planned import audits_of
from frametally.ledger.ledger import Ledger
from frametally.ledger.moment_notes import notes_of
from frametally.ledger.region_sets import camera_of, set_of
from frametally.library.library import Library
from frametally.library.video_store import StoredVideo
from frametally.regions.shapes import RegionSet
from frametally.rendering.audits.audited_view import AuditedView
from frametally.rendering.audits.counted_sample import CountedSample
from frametally.rendering.playback.sources import Source
from frametally.reports.facts import CheckedFrames
from frametally.reports.numbers.checked_frames import checked_frames
from frametally.reports.sources import BriefNote, BriefSources, BriefVideo
from frametally.results import Results, open_results
from frametally.storage.digests import sha256_of
from frametally.video.damage import load_damage
from frametally.video.frame_index import load_index
from frametally.video.picture_key import picture_key_of_job

_BUILT_IN: Final = "the built-in engine"
_SERVICE: Final = "a Video Inference service"


def job_sources(
    job: Job,
    *,
    ledger: Ledger,
    library: Library,
    results_dir: Path,
    models_dir: Path,
    colors: Callable[[Iterable[str]], Mapping[str, str]],
) -> BriefSources:
    """Everything that is known of a job.

    Args:
        job: whose results are stored.
        ledger: for notes, lines and zones; what it does not show is left out.
        library: for the video.
        results_dir: has a folder for each job.
        models_dir: of the built-in engine.
        colors: hex colors of class names.

    Raises:
        ResultsError: the results are missing or damaged.
        VideoError: the video cannot be read.
    """
    stored = library.get(job.video_sha256) if job.video_sha256 else None
    results, video = open_results(results_dir / job.id), None
    if stored is not None:
        results, video = _placed(results, stored)
    camera = camera_of(ledger, job.id) or ""
    return BriefSources(
        results=results,
        video=video,
        video_name=job.video_name,
        infer_fps=job.infer_fps,
        service=_BUILT_IN if job.service == EMBEDDED else _SERVICE,
        model_sha256=_hashes(results, models_dir) if job.service == EMBEDDED else {},
        regions=_regions(ledger, camera),
        camera=camera,
        notes=_notes(ledger, job, results, video),
        checked=_checked(ledger, stored, video),
        colors=colors,
    )


def _checked(
    ledger: Ledger, stored: StoredVideo | None, video: BriefVideo | None
) -> Callable[[View], CheckedFrames | None]:
    """Only the newest audit that serves a view, as on the page."""
    if stored is None or video is None:
        return lambda _: None
    audits, checks, names = audits_of(ledger, stored.sha256), checks_of(ledger, stored.sha256), names_by_id(ledger)

    def checked(view: View) -> CheckedFrames | None:
        if not audits or not view.table.kind.has_boxes:
            return None
        audited = AuditedView(Source(view=view, video=stored, index=video.index), view)
        serving = next((audit for audit in audits if audited.serves(audit)), None)
        return checked_frames(CountedSample(audited, serving, checks), names) if serving else None

    return checked


def _placed(results: Results, stored: StoredVideo) -> tuple[Results, BriefVideo]:
    index = load_index(stored.place)
    video = BriefVideo(
        path=stored.place,
        index=index,
        file_name=stored.file_name,
        sha256=stored.sha256,
        size_bytes=stored.info.size_bytes,
    )
    return place_results(results, index, load_damage(stored.place, index)), video


def _hashes(results: Results, models_dir: Path) -> dict[str, str]:
    """Of the model files that are installed now, by name of the model."""
    found = {}
    for name in results.models:
        file = models_dir / name / "model.onnx"
        if ".." not in Path(name).parts and not Path(name).is_absolute() and file.is_file():
            found[name] = sha256_of(file)
    return found


def _regions(ledger: Ledger, camera: str) -> RegionSet | None:
    stored = set_of(ledger, camera) if camera else None
    try:
        return RegionSet.from_json(stored.content) if stored else None
    except RegionsError:
        return None


def _notes(ledger: Ledger, job: Job, results: Results, video: BriefVideo | None) -> tuple[BriefNote, ...]:
    """Those of the job, and those that were written for any job on its video, in order of time."""
    of_job = notes_of(ledger, picture_key_of_job(job.id, 0).video)
    frames = [(note.text, note.time) for note in of_job]
    if video is not None:
        of_video = notes_of(ledger, video.sha256)
        frames += [(note.text, int(np.searchsorted(video.index.pts, note.time))) for note in of_video]
    entries = np.searchsorted(results.frame_index, [frame for _, frame in frames], side="right") - 1
    placed = [
        BriefNote(entry=max(entry, 0), time_s=_time_s(results, video, frame, max(entry, 0)), text=text)
        for (text, frame), entry in zip(frames, entries.tolist(), strict=True)
    ]
    return tuple(sorted(placed, key=lambda note: note.time_s))


def _time_s(results: Results, video: BriefVideo | None, frame: int, entry: int) -> float:
    if video is not None and frame < len(video.index):
        return float(video.index.times_s[frame])
    return float(results.time_s[entry])
