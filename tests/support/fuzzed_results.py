"""Results files for fuzzing: random documents with hostile values, broken bytes and other containers.

`python -m tests.support.fuzzed_results FOLDER`: read the files whose paths arrive on stdin, one a line, into archives
below the folder; write one line with the outcome, the seconds and the peak resident size in MiB for each.
"""

from __future__ import annotations

import gzip
import io
import json
import resource
import shutil
import sys
import time
import zipfile
from pathlib import Path
from random import Random
from typing import Any

from frametally.errors import ResultsError

MAX_MEMORY_BYTES = 1 << 30
MASK_FIELDS = ("rle", "rle_mask", "mask", "masks", "segmentation", "polygons", "points")
ATOMS: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 7, 0.5, -0.0, 90, 1e300, -1e300, 10**40, 1 << 31, 1 << 63),
    *(float("nan"), float("inf"), "", "cat", "7", "90%", "NaN", "1e999", "\ud800", "\u202e", "0" * 5000),
    *([], {}, [[]], [{}], {"a": 1}, [1, 2], [[1, 2], [3, 4], [5, 6]], "iVBORw0KGgo", "data:image/png;base64,AAAA"),
)

INSERTED = (b"[" * 5000, b'{"a":' * 2000, b'"', b"\\u", b"\x00", b"1" * 6000, b"null,")


def hostile_rle(random: Random) -> Any:
    side = random.choice([1, 4, 100, 4096, 5792, 1 << 20, 1 << 31])
    counts: Any = random.choice(
        [
            [0, side * side],
            [1] * random.choice([3, 1000, 20000]),
            "".join(chr(random.randrange(40, 120)) for _ in range(random.choice([1, 9, 2000]))),
            "0" * 3000,
            "o" * 40,
            [1 << 40, -1],
            None,
        ]
    )
    return {"size": random.choice([[side, side], [side], [0, 0], [-1, -1], "big"]), "counts": counts}


def mutated(random: Random, value: Any) -> Any:
    """The value with some parts replaced, removed, repeated or moved."""
    if random.random() < 0.02:
        return random.choice(ATOMS)
    if isinstance(value, dict):
        items = [(key, mutated(random, one)) for key, one in value.items() if random.random() > 0.02]
        if "x" in value and random.random() < 0.2:
            items.append((random.choice(MASK_FIELDS), random.choice([hostile_rle(random), random.choice(ATOMS)])))
        return dict(items)
    if isinstance(value, list):
        items = [mutated(random, one) for one in value]
        if items and random.random() < 0.05:
            items = random.sample(items, len(items))
        return items * 2 if random.random() < 0.01 and len(items) < 100 else items
    return value


def broken(random: Random, data: bytes) -> bytes:
    """The bytes with some changed, removed or repeated."""
    content = bytearray(data)
    for _ in range(random.choice([0, 0, 0, 1, 1, 5])):
        at = random.randrange(len(content) + 1)
        match random.randrange(4):
            case 0:
                content[at:] = b""
            case 1:
                content[at : at + 1] = bytes([random.randrange(256)])
            case 2:
                content[at:at] = random.choice(
                    [b"[" * 5000, b'{"a":' * 2000, b'"', b"\\u", b"\x00", b"1" * 6000, b"null,"]
                )
            case _:
                content[at:at] = content[at // 2 : at]
    return bytes(content)


def packed(random: Random, data: bytes) -> bytes:
    """The bytes as they are, compressed, or in UTF-16; sometimes a bomb."""
    match random.randrange(12):
        case 0:
            return gzip.compress(data, 1)
        case 1:
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("results.json", data)
            return file.getvalue()
        case 2:
            return data.decode(errors="replace").encode("utf-16")
        case 3 if random.random() < 0.05:
            return gzip.compress(random.choice([b" ", b"[", b"null,"]) * (20 << 20), 1)
        case _:
            return data


def main(folder: Path) -> None:
    """Read one file after the other, as the ingest process does, and all that can be read of it."""
    from frametally.results import archive_results, open_results

    resource.setrlimit(resource.RLIMIT_DATA, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    for number, line in enumerate(sys.stdin):
        started_s = time.monotonic()
        target = folder / f"job{number}"
        try:
            archive_results(Path(line.strip()), target)
            results = open_results(target)
            read_everything(results)
            outcome = "read"
        except ResultsError as error:
            outcome = "refused" if error.what and error.next_step else "without a reason"
        shutil.rmtree(target, ignore_errors=True)
        peak_mb = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) >> 10
        print(f"{outcome}|{time.monotonic() - started_s:.3f}|{peak_mb}", flush=True)


def read_everything(results: Any) -> None:
    """Call every method that pages and exports call."""
    from frametally.analysis.counts import count
    from frametally.analysis.totals import totals
    from frametally.analysis.view import View
    from frametally.exports.coco_json import write_coco

    assert all(results.notes) or not results.notes
    for name, model in results.models.items():
        view = View(results, name, 0.25)
        totals(view), count(view), results.scores(name), results.polygons(name, 0, len(results.time_s))
        if model.kind.has_boxes:
            write_coco(view, results.folder / "coco.json", "street.mp4")
            content = json.loads((results.folder / "coco.json").read_bytes())
            assert all(None not in found["bbox"] for found in content["annotations"])
    if len(results.time_s):
        results.raw_entry(len(results.time_s) - 1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
