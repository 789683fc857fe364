"""Columns of tables as arrays, as pyarrow itself would return them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from frametally.results.tables import values_of

COLUMNS = [
    pa.array([1, 2, 3, 4], pa.int32()),
    pa.array([1.5, 2.0, 3.25], pa.float64()),
    pa.array([True, False, True, True, False] * 5),
    pa.array([], pa.float32()),
    pa.array([], pa.bool_()),
    pa.array([1, None, 3], pa.int64()),
]


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: f"{column.type} {len(column)}")
def test_values_are_those_of_pyarrow(column: pa.Array) -> None:
    chunked = pa.chunked_array([column, column[1:]])
    for one in (column, column[1:], column[2:7], chunked, pa.chunked_array([], column.type)):
        expected = one.to_numpy(zero_copy_only=False)
        found = values_of(one)
        assert found.dtype == expected.dtype
        assert np.array_equal(found, expected, equal_nan=found.dtype.kind == "f")
