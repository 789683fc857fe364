"""How the timeline is drawn, as the page's address holds it: kind of chart, bucket size, time of day."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Final

import streamlit as st
from msgspec import Struct

KINDS: Final = ("lines", "stacked", "heat")
_MAX_BUCKET_S: Final = 86_400.0
_MAX_ZONE: Final = timedelta(hours=14)


class TimelineOptions(Struct, frozen=True, kw_only=True):
    """What the user has chosen."""

    chart: str = ""
    """One of `KINDS`; empty: by the width of the screen."""
    bucket_s: float | None = None
    """None: about as many points as the chart can show."""
    clock: bool = False
    """Whether the axis shows the time of day."""
    start: str = ""
    """When the recording began, as typed: ISO 8601 with a time zone; empty: from the metadata of the video."""


def options_in_link() -> TimelineOptions:
    """The options in the page's address; defaults in place of invalid values."""
    return valid_options(
        chart=st.query_params.get("chart", ""),
        bucket_s=_number(st.query_params.get("bucket", "")),
        clock=st.query_params.get("clock", "") == "true",
        start=st.query_params.get("start", ""),
    )


def valid_options(*, chart: str, bucket_s: float | None, clock: bool, start: str) -> TimelineOptions:
    """The options with defaults in place of invalid values."""
    time = start_of(start)
    return TimelineOptions(
        chart=chart if chart in KINDS else "",
        bucket_s=bucket_s if bucket_s is not None and 0 < bucket_s <= _MAX_BUCKET_S else None,
        clock=clock,
        start=time.isoformat() if time else "",
    )


def link_of(options: TimelineOptions) -> dict[str, str | list[str] | None]:
    """The query parameters of the options; None for those with their default."""
    return {
        "chart": options.chart or None,
        "bucket": None if options.bucket_s is None else f"{options.bucket_s:g}",
        "clock": "true" if options.clock else None,
        "start": options.start or None,
    }


def start_of(text: str) -> datetime | None:
    """A time in ISO 8601 with a time zone; None for anything else."""
    try:
        time = datetime.fromisoformat(text)
        offset = time.utcoffset()
        _ = time + timedelta(days=365), time - timedelta(days=365)
    except (ValueError, OverflowError):
        return None
    return None if offset is None or abs(offset) > _MAX_ZONE else time


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
