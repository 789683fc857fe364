"""The texts of regions: what each number means, why a line counts nothing, and what does not fit a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from frametally.regions.rules import RuleInterval
from frametally.regions.shapes import Line, Rule, Scale, Zone
from frametally.regions.visits import Visits

DEFINITIONS: Final = {
    "In and out": "in: the anchor crosses the line in the direction of its arrow; out: against it",
    "Occupancy": "tracked boxes of an analyzed frame whose anchor is in the zone; a gap where nothing was analyzed",
    "Entries": "stays whose beginning was seen; objects that are inside in the first analyzed frame, also after a long "
    "stretch that was not analyzed, had entered before",
    "Exits": "stays whose end was seen; objects that are inside in the last analyzed frame, also before such a "
    "stretch, left later or not at all",
    "Dwell": "time of the exit minus time of the entry, both as presented in the video; median and distribution are of "
    "the stays with both ends",
    "Flows": "of two consecutive events of a track: at which line or zone it was, and at which it was next",
    "Speed": "distance on the ground between the first and the last look within one second, by their times, or between "
    "the looks before and after where frames are farther apart; of a track, the median",
    "Rules": "from the first analyzed frame with more objects than the number to the first with few enough",
}
"""What each number means; shown beside it."""


def line_definition(line: Line) -> str:
    """How this line counts."""
    return (
        f"Counts when the {anchor_name(line.anchor)} of a box has come from more than {line.hysteresis_px:g} px on one "
        f"side to more than {line.hysteresis_px:g} px on the other, and its path meets the line between the ends. The "
        "time is interpolated between the two analyzed frames, the frame is the later one. A track that was lost in "
        "between still counts."
    )


def zone_definition(zone: Zone) -> str:
    """How this zone counts."""
    return (
        f"A stay begins in the first analyzed frame with the {anchor_name(zone.anchor)} of a box inside, and ends in "
        "the first one after it without. Absences and losses of up to "
        f"{zone.bridged_gap_s:g} s are bridged. Beside a longer stretch that was not analyzed, entry or exit are not "
        "seen; stays that last over one say for how long."
    )


def rule_definition(rule: Rule, zone: Zone) -> str:
    """When this rule holds."""
    classes = ", ".join(rule.classes) or "of any class"
    parts = [f"More than {rule.more_than} objects ({classes}) in {zone.name} for at least {rule.for_s:g} s."]
    if rule.hysteresis:
        parts.append(f"Ends at {rule.more_than - rule.hysteresis} or fewer.")
    if rule.cooldown_s:
        parts.append(f"What begins within {rule.cooldown_s:g} s after the end of an interval belongs to it.")
    parts.append(f"A stretch of more than {zone.bridged_gap_s:g} s that was not analyzed ends an interval.")
    return " ".join(parts)


def rule_note(rule: Rule, classes: Sequence[str]) -> str | None:
    """Why a rule cannot hold in results with these classes; None if it can."""
    if not rule.classes or any(name in classes for name in rule.classes):
        return None
    return f"never: the results have no class {' or '.join(rule.classes)}"


def speed_definition(scale: Scale) -> str:
    """How speeds are measured."""
    sides = ", ".join(f"{side:g} m" for side in scale.sides_m)
    shape = "a rectangle" if scale.diagonal_m is None else f"a diagonal of {scale.diagonal_m:g} m"
    return f"In {scale.unit}, on the plane of the four points with sides of {sides} ({shape})."


def rule_sentence(interval: RuleInterval) -> str:
    """One interval, as sent to the webhook."""
    later = " or later" if interval.is_open else ""
    time = f"from {_clock(interval.start_s)} to {_clock(interval.end_s)}{later}"
    objects = "1 object" if interval.peak == 1 else f"{interval.peak} objects"
    return f"{interval.rule}: {time}, up to {objects} in {interval.zone}."


def zone_note(found: Visits) -> str | None:
    """Which stays are not whole: inside at the start or the end, or not analyzed in part; None if all are."""
    counts = {
        "inside at the start": found.was_inside & ~found.after_gap,
        "inside at the end": found.is_open & ~found.before_gap,
        "inside next to frames that were not analyzed": found.before_gap | found.after_gap,
    }
    partly = found.not_analyzed_s > 0
    parts = [f"{int(which.sum())} {what}" for what, which in counts.items() if which.any()]
    sentences = [f"{', '.join(parts)}: not in the median."] if parts else []
    if partly.any():
        stays = "1 stay lasts" if partly.sum() == 1 else f"{int(partly.sum())} stays last"
        seconds = float(found.not_analyzed_s.sum())
        sentences.append(f"{stays} over frames that were not analyzed, {seconds:.1f} s in all.")
    return " ".join(sentences) or None


def anchor_name(anchor: str) -> str:
    """The anchor in words."""
    return anchor.replace("_", " ")


NO_TRACKS: Final = "Counts nothing: no object is tracked in this view."
OUTSIDE: Final = "Counts nothing: the line is outside of the picture."


def too_short(length_px: float, hysteresis_px: float) -> str:
    """The line is so short that the hysteresis is larger."""
    return (
        f"Counts nothing: the line is {length_px:.0f} px long, and its hysteresis {hysteresis_px:g} px. Make it longer."
    )


def nothing_near(line: Line, distance_px: float) -> str:
    """No anchor comes near."""
    anchor = anchor_name(line.anchor)
    return f"Counts nothing: no {anchor} comes closer than {distance_px:.0f} px. Move the line, or change its anchor."


def one_side(line: Line, *, is_right: bool) -> str:
    """All objects stay on one side."""
    side = "in" if is_right else "out"
    return f"Counts nothing: the {anchor_name(line.anchor)} of every object stays on its {side} side."


def within_hysteresis(line: Line) -> str:
    """Objects change sides, but not by more than the hysteresis."""
    return (
        f"Counts nothing: no object comes to more than {line.hysteresis_px:g} px on both sides. Reduce the hysteresis."
    )


def no_object_on_both_sides(line: Line) -> str:
    """There are objects on both sides, but none changes its side."""
    return f"Counts nothing: the {anchor_name(line.anchor)} of no object is seen on both sides."


def beyond_ends(passed: int) -> str:
    """Objects change sides beyond the ends."""
    objects = "One object passes" if passed == 1 else f"{passed} objects pass"
    return f"Counts nothing: {objects} beyond its ends. Make it longer."


def other_shape(drawn: tuple[int, int], here: tuple[int, int]) -> str:
    """The picture has another shape than the one on which the regions were drawn."""
    return (
        f"These regions were drawn on a picture of {drawn[0]} × {drawn[1]} px; this one has {here[0]} × {here[1]} px, "
        "another shape. Check where they are before you use the counts."
    )


def moved_camera(similarity: float) -> str:
    """The background is another one."""
    return (
        f"The background differs from the one on which these regions were drawn (similarity {similarity:.0%}): the "
        "camera may have been moved. Check where they are before you use the counts."
    )


def _clock(time_s: float) -> str:
    minutes, seconds = divmod(round(time_s, 1), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{seconds:04.1f}" if hours else f"{minutes}:{seconds:04.1f}"
