"""Buffers for the browser: every array is found again, aligned to its type."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frametally.rendering.playback.packing import pack
from tests.support.packed import unpacked
from tests.support.soak import iterations


@settings(max_examples=iterations(20), deadline=None)
@given(sizes=st.lists(st.integers(0, 9), max_size=5), text=st.text(max_size=20))
def test_arrays_and_facts_are_found_again(sizes: list[int], text: str) -> None:
    types = ["uint8", "int16", "uint32", "float64", "float32"]
    arrays = {f"a{at}": np.arange(size, dtype=types[at]) for at, size in enumerate(sizes)}
    found = unpacked(pack({"text": text}, **arrays))
    assert found.pop("text") == text
    assert {name: (array.dtype.name, array.tolist()) for name, array in found.items()} == {
        name: (array.dtype.name, array.tolist()) for name, array in arrays.items()
    }


def test_a_type_that_javascript_lacks_is_refused() -> None:
    with pytest.raises(ValueError, match="int64"):
        pack({}, numbers=np.arange(3))
