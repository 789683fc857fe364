"""Samples of frames: random, spread over the video, and extendable."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frametally.audit import sample


@settings(deadline=None)
@given(count=st.integers(0, 3000), size=st.integers(0, 200), seed=st.integers(0, 2**32))
def test_each_entry_once_and_the_same_again(count: int, size: int, seed: int) -> None:
    entries = np.arange(count) * 3 + 1
    drawn = sample(entries, size, seed)
    assert len(drawn) == min(size, count) == len(set(drawn.tolist()))
    assert np.isin(drawn, entries).all()
    assert sample(entries, size, seed).tolist() == drawn.tolist()


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), size=st.integers(0, 120), more=st.integers(0, 260))
def test_a_larger_sample_begins_with_the_smaller_one(seed: int, size: int, more: int) -> None:
    entries = np.arange(375)
    assert sample(entries, size + more, seed)[:size].tolist() == sample(entries, size, seed).tolist()


def test_all_entries_are_as_likely_and_any_number_is_spread() -> None:
    drawn = np.array([sample(np.arange(100), 8, seed) for seed in range(1500)])
    often = np.bincount(drawn.ravel(), minlength=100)
    assert often.mean() == pytest.approx(120)
    assert often.std() < 2 * np.sqrt(120)  # that of a fair draw is about 10.5
    eighths = np.sort(drawn // 12.5, axis=1)
    assert (eighths == np.arange(8)).mean() > 0.9
