"""The frames that people have checked, with all objects that they have seen there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from frametally.analysis.view import View
from frametally.audit.agreement import Agreed, Answer, agreed
from frametally.audit.seen import Group, Seen, boxes_seen, columns, groups_of, is_about_all
from frametally.evaluation.upright import Picture
from frametally.exports.datasets.selection import Selection, Split, exportable
from frametally.ledger.audits.frame_checks import FrameCheck
from frametally.results import Boxes
from frametally.video.frame_index import FrameIndex

_HOW = (
    "All frames in which a person has checked every class of this dataset, and marked each object with a box. Of "
    "several people, the answer of the one who checked the frame first is used."
)


def checked_frames(view: View, index: FrameIndex, checks: Iterable[FrameCheck]) -> Selection:
    """The checked frames of a view; what a person could not tell, only counted or was not asked about is left out.

    Args:
        view: its classes and time range.
        index: of the video.
        checks: of the video.
    """
    groups = groups_of(view)
    used = agreed((Answer(check.time, check.checker, Seen.from_json(check.seen)) for check in checks), groups)
    entries = exportable(view, len(index))
    times = np.asarray(index.pts)[view.results.frame_index[entries]]
    found = {int(entry): used[int(time)] for entry, time in zip(entries, times, strict=True) if int(time) in used}
    clear = {entry: one for entry, one in found.items() if not one.seen.is_unclear}
    asked = {entry: one.seen for entry, one in clear.items() if is_about_all(one.seen, groups)}
    whole = {entry: seen for entry, seen in asked.items() if not _is_counted_only(seen, groups)}

    def boxes(entry: int, picture: Picture) -> Boxes:
        seen = whole[entry]
        shares = boxes_seen(seen, columns(seen.groups, groups).of_group)
        width, height = picture.wh
        return replace(shares, xyxy=shares.xyxy * np.array([width, height, width, height], dtype=np.float32))

    return Selection(
        split=Split.CHECKED,
        entries=np.array(sorted(whole), dtype=np.int64),
        boxes=boxes,
        how=_HOW,
        notes=tuple(_notes(found, len(clear), len(asked), len(whole), len(used) - len(found))),
    )


def _is_counted_only(seen: Seen, groups: tuple[Group, ...]) -> bool:
    """Whether there are objects whose number was typed: they have no boxes."""
    of_group = columns(seen.groups, groups).of_group
    return any(one.count and of_group[one.group] >= 0 for one in seen.counts)


def _notes(found: dict[int, Agreed], clear: int, asked: int, whole: int, outside: int) -> list[str]:
    disputed = sum(bool(one.disagreeing) for one in found.values())
    numbers = {
        "Checked frames in which a person could not tell what is there, left out": len(found) - clear,
        "Checked frames in which not all of these classes were asked about, left out": clear - asked,
        "Checked frames in which objects were counted without a box for each, left out": asked - whole,
        "Checked frames outside the time range, or not analyzed in this job, left out": outside,
        "Checked frames about which people disagree": disputed,
    }
    return [f"{what}: {number:,}." for what, number in numbers.items() if number]
