"""Choosing the rate at which frames are analyzed, from the divisors of the video's own rate."""

from __future__ import annotations

import math
from fractions import Fraction

import streamlit as st

from frametally.contract import MAX_INFER_FPS, MIN_INFER_FPS, rate_refusal
from frametally.video.probe import VideoInfo

_OTHER = 0


def rate_picker(info: VideoInfo | None, *, key: str) -> float | None:
    """The chosen `infer_fps`; None while it is not a rate that the service would accept (the reason is shown)."""
    if info is None:
        st.caption("Frame rate unknown; the video's own rate is the maximum.")
        return float(st.number_input("Frames per second", MIN_INFER_FPS, MAX_INFER_FPS, 1, key=f"{key}_free"))
    steps = every_nth(info)
    labels = {step: _step_label(info, step) for step in steps} | {_OTHER: "Other rate…"}
    nearest_five = min(range(len(steps)), key=lambda at: abs(info.fps / steps[at] - 5)) if steps else 0
    step = st.selectbox(
        "Frames to analyze", list(labels), nearest_five, format_func=labels.__getitem__, key=f"{key}_step"
    )
    if step != _OTHER:
        return float(Fraction(info.frame_rate) / step)
    rate = float(st.number_input("Frames per second", 0.0, 240.0, 5.0, step=1.0, key=f"{key}_free"))
    refusal = rate_refusal(rate, info.fps)
    if refusal:
        st.error(refusal, icon=":material/error:")
        return None
    st.caption(f"{info.planned_count(rate):,} frames will be analyzed.")
    return rate


def every_nth(info: VideoInfo) -> list[int]:
    """Each n to offer as "every n-th frame": the contract allows its rate, and the rate is whole or n is common."""
    allowed = [step for step in range(1, math.ceil(info.fps) + 1) if not rate_refusal(info.fps / step, info.fps)]
    whole = [step for step in allowed if (Fraction(info.frame_rate) / step).denominator == 1]
    common = [1, 2, 3, 5, 6, 10, 15, 30, 60]
    return sorted(set(whole) | {step for step in common if step in allowed})


def _step_label(info: VideoInfo, step: int) -> str:
    which = "every frame" if step == 1 else f"every {_ordinal(step)} frame"
    rate = info.fps / step
    return f"{rate:.4g} fps · {which} · {info.planned_count(rate):,} frames"


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
