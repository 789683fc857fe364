"""Results that would fill memory, disk or pages: they are not read, the reason is given, and the original is kept."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from frametally.errors import ResultsError
from frametally.results import archive_in_subprocess, archive_results, copy_original
from frametally.results.raw_entry import read_raw_entry
from frametally.results.reading import limits, process
from tests.support.documents import box, document, entry
from tests.support.source_tree import ROOT


def _archived(folder: Path, content: bytes) -> Path:
    (folder / "download.json").write_bytes(content)
    archive_results(folder / "download.json", folder / "job")
    return folder / "job"


def _refused(folder: Path, content: bytes, reason: str) -> None:
    with pytest.raises(ResultsError, match=reason) as refused:
        _archived(folder, content)
    assert "original file is kept" in str(refused.value)
    with (folder / "copy.json").open("wb") as copy:
        copy_original(folder / "job", copy)
    assert (folder / "copy.json").read_bytes() == content


def _json(*entries: Any, **keys: Any) -> bytes:
    return json.dumps({**document(*entries), **keys}).encode()


@pytest.mark.parametrize(
    ("limit", "value", "content", "reason"),
    [
        ("MAX_KEYS", 5, _json(entry(), a=1, b=2, c=3), "more than 5 keys"),
        ("MAX_MODELS", 2, _json(entry(), a=[entry()], b=[entry()]), "more than 2 models"),
        ("MAX_ENTRIES", 2, _json(entry(box()), entry(), entry()), "more than 2 frames"),
        ("MAX_ENTRIES", 2, _json(None, None, None), "more than 2 frames"),
        ("MAX_CELLS", 3, _json(entry(), entry(), a=[None, entry()]), "more than 3 entries of all models"),
    ],
    ids=["keys", "models", "frames", "frames of no known kind", "cells"],
)
def test_what_is_counted_has_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, content: bytes, reason: str
) -> None:
    monkeypatch.setattr(limits, limit, value)
    _refused(tmp_path, content, reason)


def test_class_names_have_a_limit(tmp_path: Path) -> None:
    names = [box(**{"class": str(number)}) for number in range(limits.MAX_NAMES + 1)]
    _refused(tmp_path, _json(entry(*names)), "more than 5,000 class names of one model")


def test_detections_of_one_frame_have_a_limit(tmp_path: Path) -> None:
    boxes = [box()] * (limits.MAX_PREDICTIONS + 1)
    _refused(tmp_path, _json(entry(*boxes)), "more than 20,000 detections in one frame")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (_json(entry(box(**{"class": "x" * 301}))), "A class name has more than 300 characters: x{60}…"),
        (_json(entry(box(tracker_id="x" * 301))), "A tracker_id has more than 300 characters"),
        (_json(entry(box()), **{"m" * 301: 1}), "A key has more than 300 characters"),
    ],
    ids=["class", "tracker", "key"],
)
def test_names_have_a_length(tmp_path: Path, content: bytes, reason: str) -> None:
    _refused(tmp_path, content, reason)


def test_a_value_has_a_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("frametally.results.json_stream.MAX_VALUE_BYTES", 4 << 20)
    _refused(tmp_path, _json(entry(), a="x" * (5 << 20)), "a value of more than")


def test_a_deep_value_is_not_read(tmp_path: Path) -> None:
    deep = b'{"frame_offset":[0],"time_offset":[0],"m/1":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}"
    _refused(tmp_path, deep, "not a JSON object")


def test_unpacked_results_have_a_size(tmp_path: Path) -> None:
    packed = gzip.compress(_json(entry(box())) + b" " * 100_000)
    (tmp_path / "download.json").write_bytes(packed)
    with pytest.raises(ResultsError, match="expand to more than"):
        archive_results(tmp_path / "download.json", tmp_path / "job", max_bytes=50_000)


def test_a_long_entry_is_shown_cut(tmp_path: Path) -> None:
    folder = _archived(tmp_path, _json(entry(box()), extra=["x" * (limits.MAX_SHOWN_BYTES + 10)]))
    assert len(read_raw_entry(folder, 0)["extra"]) == limits.MAX_SHOWN_BYTES + 1


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (f"exit {process.OUT_OF_MEMORY_CODE}", "takes more than 2 GiB of memory"),
        (f"kill -{signal.SIGXCPU.value} $$", "takes too long"),
        (f"kill -{signal.SIGSEGV.value} $$", "ended with an internal error"),
        ("exec sleep 30", "takes too long"),
    ],
    ids=["memory", "processor time", "crash", "time"],
)
def test_results_that_end_the_process_that_reads_them_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str, reason: str
) -> None:
    python = tmp_path / "python"  # only the second call reads the file
    python.write_text(f'#!/bin/sh\nif [ $# -gt 5 ]; then exec {sys.executable} "$@"; fi\n{end}\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setattr(process, "max_wall_s", lambda _: 0.3)
    (tmp_path / "download.json").write_bytes(_json(entry(box())))
    with pytest.raises(ResultsError, match=reason):
        archive_in_subprocess(tmp_path / "download.json", tmp_path / "job")
    with (tmp_path / "copy.json").open("wb") as copy:
        copy_original(tmp_path / "job", copy)
    assert (tmp_path / "copy.json").read_bytes() == _json(entry(box()))


def test_the_process_that_reads_results_has_a_limit_of_memory(tmp_path: Path) -> None:
    (tmp_path / "download.json").write_bytes(b'{"a":"' + b"x" * (24 << 20) + b'"}')
    script = "import re, sys; from pathlib import Path; from frametally.results import __main__ as child\n"
    script += "used_kib = re.search(r'VmData:\\s+(\\d+)', Path('/proc/self/status').read_text())[1]\n"
    script += "child.MAX_MEMORY_BYTES = (int(used_kib) << 10) + (32 << 20)\n"
    script += "sys.exit(child.main(Path(sys.argv[1]), Path(sys.argv[2]), 1 << 30, None))"
    command = [sys.executable, "-c", script, str(tmp_path / "download.json"), str(tmp_path / "job")]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == process.OUT_OF_MEMORY_CODE
    assert not (tmp_path / "job").exists()
