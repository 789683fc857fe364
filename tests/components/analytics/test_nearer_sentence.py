"""What the comparison of two models says of checked frames."""

from __future__ import annotations

from components.analytics.sections.compare.checked_frames import sentence
from frametally.audit.intervals import Interval
from frametally.audit.nearer import Errors, Nearer, Side


def nearer(side: Side, difference: Interval | None) -> Nearer:
    return Nearer(40, Errors(0.1, 0.5), Errors(-0.4, 1.25), difference, side)


def test_the_nearer_model_is_named_with_both_errors_and_the_interval() -> None:
    assert sentence("a/1", "b*/2", nearer(Side.ONE, Interval(0.5, 1.0))) == (
        "**a/1 is nearer** to what was seen in the checked frames: a/1 is off by 0.50 per frame, b\\*/2 by 1.25 (95 % "
        "interval of the difference +0.50 to +1.00), in 40 checked frames."
    )
    assert sentence("a", "b", nearer(Side.OTHER, Interval(-1, -0.5))).startswith("**b is nearer**")


def test_classes_that_only_one_model_knows_are_not_among_the_named_ones() -> None:
    for difference in (Interval(-0.25, 1.0), None):
        text = sentence("a", "b", nearer(Side.UNKNOWN, difference), ["cup", "b*x"])
        assert text.endswith(", of the classes that both know: cup, b\\*x.")


def test_an_interval_with_0_or_none_says_that_it_cannot_be_said() -> None:
    for difference in (Interval(-0.25, 1.0), None):
        text = sentence("a", "b", nearer(Side.UNKNOWN, difference))
        assert text.startswith("**Cannot say which model is nearer**")
    assert "\N{MINUS SIGN}0.25 to +1.00" in sentence("a", "b", nearer(Side.UNKNOWN, Interval(-0.25, 1.0)))
    assert text.endswith("too few checked frames for an interval.")
