"""Choosing how many frames per second are analyzed, from what the video's own rate divides into."""

from __future__ import annotations

import math
from fractions import Fraction

import streamlit as st

from frametally.contract import MAX_INFER_FPS, MIN_INFER_FPS, rate_refusal
from frametally.video.probe import VideoInfo

_OTHER = 0


def rate_picker(facts: VideoInfo | None, *, key: str) -> float | None:
    """`infer_fps` as the person wants it; None while it cannot be sent (the reason is shown)."""
    if facts is None:
        st.caption("The frame rate of this video is not known here: at most its own rate works.")
        return float(st.number_input("Frames per second", MIN_INFER_FPS, MAX_INFER_FPS, 1, key=f"{key}_free"))
    steps = every_nth(facts)
    labels = {step: _step_label(facts, step) for step in steps} | {_OTHER: "Another rate…"}
    nearest_five = min(range(len(steps)), key=lambda at: abs(facts.fps / steps[at] - 5)) if steps else 0
    step = st.selectbox(
        "Frames analyzed", list(labels), nearest_five, format_func=labels.__getitem__, key=f"{key}_step"
    )
    if step != _OTHER:
        return float(Fraction(facts.frame_rate) / step)
    rate = float(st.number_input("Frames per second", 0.0, 240.0, 5.0, step=1.0, key=f"{key}_free"))
    refusal = rate_refusal(rate, facts.fps)
    if refusal:
        st.error(refusal, icon=":material/error:")
        return None
    st.caption(f"{facts.planned_count(rate):,} frames will be analyzed.")
    return rate


def every_nth(facts: VideoInfo) -> list[int]:
    """Every n-th frame, for the n that give a rate the contract takes: the video's divisors of use."""
    allowed = [step for step in range(1, math.ceil(facts.fps) + 1) if not rate_refusal(facts.fps / step, facts.fps)]
    whole = [step for step in allowed if (Fraction(facts.frame_rate) / step).denominator == 1]
    wanted = [1, 2, 3, 5, 6, 10, 15, 30, 60]
    return sorted(set(whole) | {step for step in wanted if step in allowed})


def _step_label(facts: VideoInfo, step: int) -> str:
    which = "every frame" if step == 1 else f"every {_ordinal(step)} frame"
    rate = facts.fps / step
    return f"{rate:.4g} fps · {which} · {facts.planned_count(rate):,} frames"


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
