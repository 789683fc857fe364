"""Export the tracks of a view as XML for CVAT's tasks on videos ("CVAT for video 1.1").

Frames are those of the video, from 0. CVAT accepts only frames of its task, which start at 0 and are `step` apart; the
file names the step that contains all analyzed frames, and that the task needs to have (or 1). CVAT draws the
last box of a track until one that is `outside`: there is one in the analyzed frame after the last box of each stretch.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import numpy.typing as npt

from frametally.analysis.view import View
from frametally.storage.atomic import PendingFile
from frametally.tracking.tracks import Tracks, filtered

_HEAD: Final = """\
<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta>
    <task>
      <name>{name}</name>
      <size>{size}</size>
      <mode>interpolation</mode>
      <start_frame>0</start_frame>
      <stop_frame>{last}</stop_frame>
      <frame_filter>step={step}</frame_filter>
      <labels>
{labels}      </labels>
      <original_size>
        <width>{width}</width>
        <height>{height}</height>
      </original_size>
    </task>
  </meta>
"""
_LABEL: Final = "        <label><name>{}</name><attributes></attributes></label>\n"
_BOX: Final = (
    '    <box frame="{}" outside="{}" occluded="0" keyframe="1" '
    'xtl="{:.2f}" ytl="{:.2f}" xbr="{:.2f}" ybr="{:.2f}" z_order="0"></box>\n'
)
_NOT_XML: Final = {code: None for code in (*range(32), 0xFFFE, 0xFFFF) if code not in (9, 10, 13)}


def write_cvat_video(view: View, tracks: Tracks, path: Path, video_name: str) -> None:
    """A track with its boxes for each track of the view; ids are those of the tracks."""
    shown = filtered(tracks, view)
    file = PendingFile(path)
    try:
        for part in _parts(view, shown, video_name):
            file.write(part.encode())
        file.commit()
    finally:
        file.discard()


def frame_step(frames: npt.NDArray[np.int64]) -> int:
    """The largest step from frame 0 that contains all these frames."""
    return int(np.gcd.reduce(frames)) or 1


def _parts(view: View, shown: Tracks, video_name: str) -> Iterator[str]:
    frame_index = view.results.frame_index
    step, last = frame_step(frame_index), int(frame_index.max(initial=0))
    width, height = shown.size_px
    yield _HEAD.format(
        name=_text(video_name),
        size=last // step + 1,
        last=last,
        step=step,
        labels="".join(_LABEL.format(_text(name)) for name in view.names),
        width=width,
        height=height,
    )
    following = dict(zip(shown.analyzed_entry[:-1].tolist(), shown.analyzed_entry[1:].tolist(), strict=True))
    starts = np.flatnonzero(np.diff(shown.track_id, prepend=0))
    for start, stop in zip(starts.tolist(), [*starts[1:].tolist(), len(shown)], strict=False):
        label = view.names[view.codes[shown.class_code[start]]].translate(_NOT_XML)
        yield f'  <track id="{shown.track_id[start]}" label={quoteattr(label)} source="auto">\n'
        yield "".join(_boxes(shown, start, stop, frame_index, following))
        yield "  </track>\n"
    yield "</annotations>\n"


def _boxes(
    shown: Tracks, start: int, stop: int, frame_index: npt.NDArray[np.int64], following: dict[int, int]
) -> Iterator[str]:
    entries, corners = shown.entry[start:stop].tolist(), shown.xyxy[start:stop].tolist()
    for at, (entry, box) in enumerate(zip(entries, corners, strict=True)):
        yield _BOX.format(frame_index[entry], 0, *box)
        after = following.get(entry)
        if after is not None and (at + 1 == len(entries) or entries[at + 1] != after):
            yield _BOX.format(frame_index[after], 1, *box)


def _text(name: str) -> str:
    return escape(name.translate(_NOT_XML))
