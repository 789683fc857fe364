"""Choosing the rate at which frames are analyzed, from the divisors of the video's own rate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import streamlit as st

from components.formatting import plural
from frametally.contract import ENGINE_RATES, SERVICE_RATES, RateLimits, is_too_slow, rate_refusal
from frametally.job import EMBEDDED
from frametally.video.probe import VideoInfo

_OTHER = 0


def rate_picker(info: VideoInfo | None, service: str, others: Sequence[VideoInfo] = (), *, key: str) -> float | None:
    """The chosen `infer_fps`; None while it is not a rate that the service would accept (the reason is shown).

    `others`: more videos of the same rate to analyze, whose frames are counted as well.
    """
    limits = ENGINE_RATES if service == EMBEDDED else SERVICE_RATES
    if info is None:
        st.caption("Frame rate unknown; the video's own rate is the maximum.")
        return float(st.number_input("Frames per second", 1, int(limits.highest), 1, key=f"{key}_free"))
    if is_too_slow(info.fps, limits):
        st.error(rate_refusal(limits.lowest, info.fps, limits), icon=":material/error:")
        return None
    steps = every_nth(info, limits)
    labels = {step: _step_label([info, *others], step) for step in steps} | {_OTHER: "Other rate…"}
    nearest_five = min(range(len(steps)), key=lambda at: abs(info.fps / steps[at] - 5)) if steps else 0
    step = st.selectbox(
        "Frames to analyze", list(labels), nearest_five, format_func=labels.__getitem__, key=f"{key}_step"
    )
    if step != _OTHER:
        return float(Fraction(info.frame_rate) / step)
    rate = float(
        st.number_input("Frames per second", 0.0, limits.highest, min(5.0, info.fps), step=1.0, key=f"{key}_free")
    )
    refusal = rate_refusal(rate, info.fps, limits)
    if refusal:
        st.error(refusal, icon=":material/error:")
        return None
    st.caption(f"{plural(_planned_count([info, *others], rate), 'frame')} will be analyzed.")
    return rate


def common_rate_picker(infos: Sequence[VideoInfo], service: str, *, key: str) -> float | None:
    """The chosen `infer_fps` for several videos: of the rates of one of them if all have one rate, otherwise a number.

    The caller refuses the videos for which the number is too high.
    """
    rates = {info.frame_rate for info in infos}
    if len(rates) < 2:
        return rate_picker(infos[0] if infos else None, service, infos[1:], key=key)
    slowest, fastest = min(info.fps for info in infos), max(info.fps for info in infos)
    limits = ENGINE_RATES if service == EMBEDDED else SERVICE_RATES
    most = min(max(int(fastest), 1), int(limits.highest))
    rate = float(st.number_input("Frames per second", 1, most, 1, key=f"{key}_free"))
    st.caption(
        f"The videos have {slowest:.4g} to {fastest:.4g} frames per second; one with fewer than chosen is skipped."
    )
    return rate


def every_nth(info: VideoInfo, limits: RateLimits) -> list[int]:
    """Each n to offer as "every n-th frame": the service allows its rate, and the rate is whole or n is common."""
    steps = range(1, math.ceil(info.fps) + 1)
    allowed = [step for step in steps if not rate_refusal(info.fps / step, info.fps, limits)]
    whole = [step for step in allowed if (Fraction(info.frame_rate) / step).denominator == 1]
    common = [1, 2, 3, 5, 6, 10, 15, 30, 60]
    return sorted(set(whole) | {step for step in common if step in allowed})


def _step_label(infos: Sequence[VideoInfo], step: int) -> str:
    which = "every frame" if step == 1 else f"every {_ordinal(step)} frame"
    rate = infos[0].fps / step
    return f"{rate:.4g} fps · {which} · {plural(_planned_count(infos, rate), 'frame')}"


def _planned_count(infos: Sequence[VideoInfo], rate: float) -> int:
    return sum(info.planned_count(rate) for info in infos)


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
