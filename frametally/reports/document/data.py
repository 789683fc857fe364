"""What the scripts of a document read: JSON that cannot end the element that it is in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from frametally.reports.brief import Brief

_ESCAPES: Final = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&'\u2028\u2029"}


def page_data(brief: Brief, urls: Mapping[str, str]) -> str:
    """The data of charts, totals and frames; `urls` are the addresses of files by name."""
    facts = brief.facts
    covers = [any(picture.file == brief.cover for picture in frame.pictures) for frame in facts.evidence]
    data: dict[str, Any] = {
        "first": covers.index(True) if brief.cover and True in covers else 0,
        "confidence": facts.confidence,
        "sides": facts.sides,
        "evidence": [{"time_s": frame.time_s, "clip": frame.clip} for frame in facts.evidence],
        "clips": {frame.clip: urls[frame.clip] for frame in facts.evidence if frame.clip in urls},
        "regions": [row.chart for row in facts.regions.rows] if facts.regions else [],
    }
    return escaped(msgspec.json.encode(data).decode())


def escaped(json: str) -> str:
    """JSON whose texts have no character that HTML or JavaScript would interpret."""
    return json.translate(_ESCAPES)
