"""Addresses of a view in the routes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

from components.analytics.view_address import filter_query
from frametally.analysis.class_mapping import ClassMapping


def test_the_routes_get_the_threshold_and_time_range_of_the_page_to_the_last_digit() -> None:
    edges = 1234.5678, 3600.123456
    view: Any = SimpleNamespace(confidence=0.1234567, classes=ClassMapping(shown=("a b",)), time_range_s=edges)
    query = parse_qs(filter_query(view))
    assert [*map(float, query["confidence"]), *map(float, query["window"])] == [0.1234567, *edges]
    assert query["class"] == ["a b"]
