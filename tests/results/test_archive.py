"""Archiving results: the original is kept, crashes leave no partial archive, and old archives are rebuilt."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from frametally.errors import ResultsError
from frametally.results import (
    archive,
    archive_in_subprocess,
    archive_results,
    open_results,
    read_again,
    rebuild,
)
from frametally.results.original import SHA256_NAME
from tests.support.documents import archived, box, document, entry, original_of
from tests.support.soak import shortened

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not a JSON object"),
        (b"<html>", "not a JSON object"),
        (b"[1]", "not a JSON object"),
        (b'{"frame_offset": [0], "time_offset": [0], "cars": [', "truncated"),
        (b'{"frame_offset": [0], "time_offset": [0], "cars": [null,]}', "not a JSON object"),
        (b'{"frame_offset": [0], "time_offset": [0]} {}', "not a JSON object"),
        (b'{"a": ' + b"[" * 100_000, "not a JSON object"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "not a JSON object"),
        (b'{"\xff": 1}', "not a JSON object"),
        ({"time_offset": [0]}, "no frame_offset"),
        ({"frame_offset": [0]}, "no time_offset"),
        ({"frame_offset": ["a"], "time_offset": [0]}, "frame_offset is not a list of numbers"),
        ({"frame_offset": 7, "time_offset": [0]}, "frame_offset is not a list of numbers"),
        (b'{"frame_offset": [NaN], "time_offset": [0]}', "frame_offset is not a list of numbers"),
        ({"frame_offset": [1e30], "time_offset": [0]}, "out of range"),
        ({"frame_offset": [0, 1], "time_offset": [0]}, "have 2 frames but 1 times"),
        ({"frame_offset": [0, 1], "time_offset": [0, 1], "cars": [None]}, "cars has 1 entries for 2 frames"),
        ({"cars": [None], "frame_offset": [0, 1], "time_offset": [0, 1]}, "cars has 1 entries for 2 frames"),
    ],
)
def test_unreadable_results_raise_and_the_original_is_kept(tmp_path: Path, content: object, why: str) -> None:
    with pytest.raises(ResultsError, match=why):
        archived(tmp_path, content)
    assert original_of(tmp_path / "job") == (tmp_path / "download.json").read_bytes()
    with pytest.raises(ResultsError, match=why):
        open_results(tmp_path / "job")


def test_an_archive_of_another_version_is_rebuilt(tmp_path: Path) -> None:
    archived(tmp_path, document(entry(box()), None))
    manifest = json.loads((tmp_path / "job" / "notes.json").read_bytes())
    (tmp_path / "job" / "notes.json").write_bytes(msgspec.json.encode({**manifest, "version": 1}))
    (tmp_path / "job" / "boxes.parquet").unlink()
    assert len(open_results(tmp_path / "job").boxes("cars")) == 1
    assert json.loads((tmp_path / "job" / "notes.json").read_bytes()) == manifest


def test_a_gzip_archive_of_the_first_version_is_rebuilt_with_zstd(tmp_path: Path) -> None:
    old = tmp_path / "job"
    old.mkdir()
    (old / "results.json.gz").write_bytes(gzip.compress(json.dumps(document(entry(box()))).encode()))
    (old / "notes.json").write_text('{"models": ["cars"], "unread": []}')
    assert len(open_results(old).boxes("cars")) == 1
    assert not (old / "results.json.gz").exists()
    assert json.loads(original_of(old)) == document(entry(box()))
    assert not list(tmp_path.glob("*.json"))


STEPS = {
    "compressing": "archive.compress_original = die",
    "reading": "ingest.Document = die",
    "writing a table": "ingest.TableWriter.write = die",
    "writing the manifest": "ingest.write_manifest = die",
    "flushing": "archive._sync = die",
    "before the rename": "archive.Path.rename = die",
}
DIE_AT = """
import os, sys
from pathlib import Path
from frametally.results import archive, archive_results, ingest
def die(*args, **kwargs):
    os._exit(9)
{step}
archive_results(Path(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.mark.parametrize("step", shortened(STEPS, ["writing a table", "writing the manifest", "before the rename"]))
def test_a_process_killed_at_any_step_leaves_no_partial_archive(tmp_path: Path, step: str) -> None:
    downloaded, folder = tmp_path / "new.json", tmp_path / "job"
    downloaded.write_text(json.dumps(document(entry(box()), None)))
    script = DIE_AT.format(step=STEPS[step])
    killed = subprocess.run([sys.executable, "-c", script, downloaded, folder], cwd=ROOT, check=False)
    assert killed.returncode == 9
    assert not folder.exists()
    archive_results(downloaded, folder)
    assert open_results(folder).models["cars"].analyzed.tolist() == [True, False]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["job", "new.json"]


@pytest.mark.parametrize("content", [document(entry(box()), None), {"time_offset": [0]}, None])
def test_a_subprocess_archives_like_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: object
) -> None:
    (tmp_path / "download.json").write_text(json.dumps(content))
    if content and "cars" in json.dumps(content):
        archive_in_subprocess(tmp_path / "download.json", tmp_path / "job")
        assert len(open_results(tmp_path / "job").boxes("cars")) == 1
    else:
        with pytest.raises(ResultsError, match="not a JSON object" if content is None else "no frame_offset"):
            archive_in_subprocess(tmp_path / "download.json", tmp_path / "job")


def test_a_failing_subprocess_is_not_reported_as_bad_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "download.json").write_text(json.dumps(document(entry(box()))))
    (tmp_path / "job.draft").write_text("in the way")
    with pytest.raises(OSError, match="in a subprocess"):
        archive_in_subprocess(tmp_path / "download.json", tmp_path / "job")


def test_the_digest_of_the_uncompressed_original_is_kept(tmp_path: Path) -> None:
    archived(tmp_path, document(entry(box())))
    downloaded = (tmp_path / "download.json").read_bytes()
    assert (tmp_path / "job" / SHA256_NAME).read_text() == f"{hashlib.sha256(downloaded).hexdigest()}  results.json\n"


def make_reading_fail(monkeypatch: pytest.MonkeyPatch, fault: Exception) -> None:
    def fail(*_: object) -> None:
        raise fault

    monkeypatch.setattr(archive, "write_tables", fail)
    monkeypatch.setattr(rebuild, "archive_in_subprocess", archive_results)


@pytest.mark.parametrize("fault", [ResultsError("Too new.", "Wait."), ZeroDivisionError()])
def test_unreadable_results_can_be_read_after_an_upgrade(
    reading_in_this_process: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    with monkeypatch.context() as before:
        make_reading_fail(before, fault)
        with pytest.raises(ResultsError):
            archived(tmp_path, document(entry(box())))
        (tmp_path / "download.json").unlink()
        original = original_of(tmp_path / "job")
        with pytest.raises(ResultsError):
            read_again(tmp_path / "job")
    assert len(read_again(tmp_path / "job").boxes("cars")) == 1
    assert original_of(tmp_path / "job") == original


def test_out_of_memory_is_not_reported_as_bad_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_reading_fail(monkeypatch, MemoryError())
    with pytest.raises(MemoryError):
        archived(tmp_path, document(entry(box())))
    assert not (tmp_path / "job").exists()


def test_an_original_that_does_not_match_its_digest_is_not_read_again(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="no time_offset"):
        archived(tmp_path, {"frame_offset": [0]})
    (tmp_path / "job" / "results.json.zst").unlink()
    (tmp_path / "job" / "results.json.gz").write_bytes(gzip.compress(json.dumps(document(entry(box()))).encode()))
    with pytest.raises(ResultsError, match="damaged"):
        read_again(tmp_path / "job")


def test_a_process_killed_during_a_rebuild_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as before:
        make_reading_fail(before, ZeroDivisionError())
        with pytest.raises(ResultsError):
            archived(tmp_path, document(entry(box()), None))
    step = "replace, moved = Path.replace, []\nPath.replace = lambda *to: moved and die() or moved.append(replace(*to))"
    script = DIE_AT.format(step=step)
    killed = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "download.json", tmp_path / "job"], cwd=ROOT, check=False
    )
    assert killed.returncode == 9
    assert open_results(tmp_path / "job").models["cars"].analyzed.tolist() == [True, False]


@pytest.mark.soak
def test_two_processes_archiving_the_same_results_agree(tmp_path: Path) -> None:
    (tmp_path / "download.json").write_text(json.dumps(document(*[entry(box())] * 2000)))
    script = "import sys\nfrom pathlib import Path\nfrom frametally.results import archive_results\n"
    script += "archive_results(Path(sys.argv[1]), Path(sys.argv[2]))"
    command = [sys.executable, "-c", script, str(tmp_path / "download.json"), str(tmp_path / "job")]
    running = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]
    assert [process.wait(timeout=60) for process in running] == [0, 0]
    assert len(open_results(tmp_path / "job").boxes("cars")) == 2000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["download.json", "job"]
