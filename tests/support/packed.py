"""Reading of packed buffers, as the browser does."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np


def unpacked(buffer: bytes) -> dict[str, Any]:
    """The facts of the header and the arrays, by name; fails if an array is not aligned."""
    (length,) = struct.unpack_from("<I", buffer)
    header = json.loads(buffer[4 : 4 + length])
    start = -(-(4 + length) // 8) * 8
    arrays: dict[str, Any] = dict(header["facts"])
    for array in header["arrays"]:
        dtype = np.dtype(array["type"]).newbyteorder("<")
        at = start + array["at"]
        assert at % dtype.itemsize == 0
        arrays[array["name"]] = np.frombuffer(buffer, dtype, array["length"], at)
    return arrays
