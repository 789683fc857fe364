"""Arrays for the browser in one buffer, of which each can be used there as a typed array without copying.

The length of the header (uint32, little-endian), the header (JSON), then the arrays; each begins at a multiple of 8.
"""

from __future__ import annotations

import struct
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

_TYPES: Final = {"int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64"}
_ALIGNMENT: Final = 8


def pack(facts: dict[str, Any], **arrays: npt.NDArray[Any]) -> bytes:
    """The buffer; `facts` are added to its header.

    Raises:
        ValueError: JavaScript has no typed array for an array.
    """
    parts, place = [], 0
    layout = []
    for name, array in arrays.items():
        if array.dtype.name not in _TYPES:
            raise ValueError(f"no typed array for {array.dtype.name}")
        data = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        layout.append({"name": name, "type": array.dtype.name, "at": place, "length": array.size})
        parts.append(_padded(data))
        place += len(parts[-1])
    header = msgspec.json.encode({"facts": facts, "arrays": layout})
    start = _padded(struct.pack("<I", len(header)) + header)
    return b"".join([start, *parts])


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % _ALIGNMENT)
