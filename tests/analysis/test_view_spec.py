"""Stored views and links to them: both forms round-trip, and invalid ones are rejected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.view import View
from frametally.analysis.view_spec import VERSION, ViewSpec
from frametally.errors import ViewError
from tests.support.opened_results import box, entry, opened

FULL = ViewSpec(
    job_ids=("job-1", "job-2"),
    model="cars",
    compare_with="birds",
    renames=(("a,b", "c>d"), ("truck", "vehicle")),
    shown=("vehicle", "c>d"),
    confidence=0.7,
    time_range_s=(0.2, 12.34),
)


def test_any_view_round_trips_through_json_and_a_link() -> None:
    from hypothesis import HealthCheck, given, settings  # takes seconds to import: not while tests are collected
    from hypothesis import strategies as st

    texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
    seconds = st.floats(0, 1e6)
    specs = st.builds(
        ViewSpec,
        job_ids=st.lists(texts, min_size=1, max_size=3).map(tuple),
        model=st.none() | texts,
        compare_with=st.none() | texts,
        renames=st.dictionaries(texts, texts, max_size=3).map(
            lambda names: tuple((name, other) for name, other in names.items() if name != other)
        ),
        shown=st.none() | st.lists(texts, min_size=1, max_size=3).map(tuple),
        confidence=st.floats(0, 1),
        time_range_s=st.none() | st.tuples(seconds, seconds).map(lambda edges: (min(edges), max(edges))),
    )

    @settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # the first example imports modules
    @given(specs)
    def round_trips(spec: ViewSpec) -> None:
        assert ViewSpec.from_json(spec.to_json()) == spec
        assert ViewSpec.from_query(spec.to_query()) == spec

    round_trips()


def test_the_stored_form_of_version_1_stays_readable() -> None:
    stored = (
        '{"version":1,"job_ids":["job-1","job-2"],"model":"cars","compare_with":"birds","renames":[["a,b","c>d"],'
        '["truck","vehicle"]],"shown":["vehicle","c>d"],"confidence":0.7,"time_range_s":[0.2,12.34]}'
    )
    assert ViewSpec.from_json(stored) == FULL
    assert FULL.to_json().decode() == stored


def test_links_of_earlier_versions_stay_readable() -> None:
    query = {
        "job": ["job-1"],
        "model": ["kitchen"],
        "confidence": ["0.7"],
        "classes": ["mug", "person"],
        "window": ["0.2", "0.8"],
        "merge": ["cup>mug"],
        "frame": ["3"],
        "band": ["true"],
        "section": ["Moments"],
    }
    assert ViewSpec.from_query(query) == ViewSpec(
        job_ids=("job-1",),
        model="kitchen",
        renames=(("cup", "mug"),),
        shown=("mug", "person"),
        confidence=0.7,
        time_range_s=(0.2, 0.8),
    )
    assert ViewSpec.from_query({"job": ["job-1"]}) == ViewSpec(job_ids=("job-1",))


def test_a_default_view_has_a_short_link() -> None:
    assert ViewSpec(job_ids=("job-1",)).to_query() == {"job": ["job-1"]}


@pytest.mark.parametrize("version", [0, 2, 99])
def test_an_unknown_version_is_an_error(version: int) -> None:
    stored = json.dumps({**msgspec.to_builtins(FULL), "version": version, "field_of_the_future": 1})
    with pytest.raises(ViewError, match=f"version {version}"):
        ViewSpec.from_json(stored)
    with pytest.raises(ViewError, match=f"version {version}"):
        ViewSpec.from_query({**FULL.to_query(), "version": [str(version)]})
    assert ViewSpec.from_query({**FULL.to_query(), "version": [str(VERSION)]}) == FULL


@pytest.mark.parametrize(
    "change",
    [
        {"job_ids": []},
        {"job_ids": "job-1"},
        {"confidence": 1.01},
        {"confidence": -0.1},
        {"confidence": "0.5"},
        {"time_range_s": [2.0, 1.0]},
        {"time_range_s": [-1.0, 1.0]},
        {"time_range_s": [1.0]},
        {"renames": [["car"]]},
        {"shown": "car"},
        {"unknown_field": 1},
        {"version": "1"},
        {"version": None},
    ],
)
def test_stored_views_with_invalid_values_are_an_error(change: dict[str, Any]) -> None:
    with pytest.raises(ViewError):
        ViewSpec.from_json(json.dumps({**msgspec.to_builtins(FULL), **change}))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff", b'{"job_ids":["job-1"]}', FULL.to_json()[:-9]])
def test_damaged_stored_views_are_an_error(content: bytes) -> None:
    with pytest.raises(ViewError):
        ViewSpec.from_json(content)


@pytest.mark.parametrize(
    "change",
    [
        {"job": []},
        {"confidence": ["x"]},
        {"confidence": ["7"]},
        {"confidence": ["nan"]},
        {"window": ["1"]},
        {"window": ["x", "2"]},
        {"window": ["3", "2"]},
        {"window": ["1", "inf"]},
    ],
)
def test_links_with_invalid_values_are_an_error(change: dict[str, list[str]]) -> None:
    with pytest.raises(ViewError) as caught:
        ViewSpec.from_query({**FULL.to_query(), **change})
    assert caught.value.next_step


def test_a_view_opens_on_results(tmp_path: Path) -> None:
    results = opened(tmp_path, cars=[entry(box("car"))], birds=[entry(box("bird"))])
    spec = ViewSpec(job_ids=("j",), model="birds", renames=(("bird", "duck"),), confidence=0.5, time_range_s=(0, 1))
    assert spec.open(results) == View(results, "birds", 0.5, ClassMapping((("bird", "duck"),)), (0, 1))
    assert spec.open(results).names == ("duck",)
    assert ViewSpec(job_ids=("j",)).open(results).model == "cars"
    with pytest.raises(ViewError, match="gone"):
        ViewSpec(job_ids=("j",), model="gone").open(results)
