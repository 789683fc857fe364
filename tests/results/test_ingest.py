"""Results JSON becomes an archive: what is kept, what is refused, and what a crash leaves."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest

from frametally.errors import ResultsError
from frametally.results import ARCHIVE_NAME, archive, archive_apart, ingest, open_results, read_again
from frametally.results.manifest import SHA256_NAME
from tests.support.documents import archived, box, document, entry

ROOT = Path(__file__).parent.parent.parent


def test_a_frame_that_was_not_analyzed_is_not_one_without_detections(tmp_path: Path) -> None:
    results = archived(tmp_path, document(entry(box()), None, entry()))
    cars = results.models["cars"]
    assert cars.analyzed.tolist() == [True, False, True]
    assert results.boxes("cars").entry.tolist() == [0]
    assert np.isnan(cars.image_wh[1]).all()
    assert cars.image_wh[[0, 2]].tolist() == [[320, 240], [320, 240]]


@pytest.mark.parametrize("plural", ["", "s"])
def test_both_spellings_of_the_offsets_are_read(tmp_path: Path, plural: str) -> None:
    content = {f"frame_offset{plural}": [0, 6], f"time_offset{plural}": [0, 0.25], "cars": [None, None]}
    results = archived(tmp_path, content)
    assert (results.frame_index.tolist(), results.time_s.tolist()) == ([0, 6], [0, 0.25])
    assert (list(results.models), results.unread) == (["cars"], ())


def test_boxes_are_corners_in_the_order_of_the_entries(tmp_path: Path) -> None:
    content = document(entry(box("b", 0.5), box("a", 0.25, class_id=7)), entry(box("b", 1)))
    results = archived(tmp_path, content)
    boxes = results.boxes("cars")
    assert boxes.xyxy.tolist() == [[8, 17, 12, 23]] * 3
    assert boxes.entry.tolist() == [0, 0, 1]
    assert [results.models["cars"].classes[code] for code in boxes.class_code] == ["b", "a", "b"]
    assert boxes.class_id.tolist() == [-1, 7, -1]
    assert boxes.confidence.tolist() == [0.5, 0.25, 1.0]
    assert boxes.tracker_id is None


def test_several_models_stay_apart(tmp_path: Path) -> None:
    results = archived(tmp_path, document(entry(box()), None, birds=[None, entry(box("bird"), box("bird"))]))
    assert {model: len(results.boxes(model)) for model in results.models} == {"cars": 1, "birds": 2}
    assert results.models["birds"].analyzed.tolist() == [False, True]
    assert results.models["birds"].classes == ("bird",)


@pytest.mark.parametrize(("start", "stop"), [(0, None), (0, 0), (3, 4), (1, 400), (399, None), (250, 260), (500, 600)])
def test_a_stretch_of_entries_is_that_stretch(tmp_path: Path, start: int, stop: int | None) -> None:
    entries = [entry(*[box(confidence=at / 400)] * (at % 3)) if at % 7 else None for at in range(400)]
    results = archived(tmp_path, document(*entries, birds=entries[::-1]))
    whole, part = results.boxes("cars"), results.boxes("cars", start, stop)
    inside = (whole.entry >= start) & (whole.entry < (400 if stop is None else stop))
    assert part.entry.tolist() == whole.entry[inside].tolist()
    assert part.confidence.tolist() == whole.confidence[inside].tolist()


def test_only_the_row_groups_asked_for_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("frametally.results.tables._ROW_GROUP_BYTES", 1000)
    monkeypatch.setattr("frametally.results.ingest.WINDOW_BYTES", 4096)
    entries = [entry(box(str(at % 5)), box()) for at in range(1000)]
    (tmp_path / "came.json").write_text(json.dumps(document(*entries)))
    ingest.write_tables(tmp_path / "came.json", tmp_path, 4096)
    assert pq.ParquetFile(tmp_path / "boxes.parquet").num_row_groups > 20
    results = open_results(tmp_path)
    assert len(results.boxes("cars")) == 2000
    assert results.boxes("cars", 500, 503).entry.tolist() == [500, 500, 501, 501, 502, 502]


@pytest.mark.parametrize("name", ["", "Größe", "a,b", '"quoted"', "line\nbreak", "=1+1", "车", "1"])
def test_an_odd_class_name_comes_back_as_it_is(tmp_path: Path, name: str) -> None:
    assert archived(tmp_path, document(entry(box(name)))).models["cars"].classes == (name,)


def test_classes_of_one_name_are_one_class(tmp_path: Path) -> None:
    results = archived(tmp_path, document(entry(box("car", class_id=0), box("car", class_id=1))))
    assert results.models["cars"].classes == ("car",)
    assert results.boxes("cars").class_id.tolist() == [0, 1]


@pytest.mark.parametrize("entries", [(), (None, None), (entry(), entry())])
def test_results_without_detections_are_results(tmp_path: Path, entries: tuple[object, ...]) -> None:
    results = archived(tmp_path, document(*entries))
    cars, boxes = results.models["cars"], results.boxes("cars")
    assert (len(results.time_s), len(cars.analyzed), len(boxes), cars.classes) == (len(entries),) * 2 + (0, ())
    assert boxes.xyxy.shape == (0, 4)


def test_results_of_no_model_still_name_their_frames(tmp_path: Path) -> None:
    results = archived(tmp_path, {"frame_offset": [0, 6], "time_offset": [0, 0.25]})
    assert (results.models, results.frame_index.tolist()) == ({}, [0, 6])


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no JSON object"),
        (b"<html>", "no JSON object"),
        (b"[1]", "no JSON object"),
        (b'{"frame_offset": [0], "time_offset": [0], "cars": [', "no JSON object: they end in the middle"),
        (b'{"frame_offset": [0], "time_offset": [0], "cars": [null,]}', "no JSON object"),
        (b'{"frame_offset": [0], "time_offset": [0]} {}', "no JSON object"),
        (b'{"a": ' + b"[" * 100_000, "no JSON object"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "no JSON object"),
        (b'{"\xff": 1}', "no JSON object"),
        ({"time_offset": [0]}, "no frame_offset"),
        ({"frame_offset": [0]}, "no time_offset"),
        ({"frame_offset": ["a"], "time_offset": [0]}, "frame_offset is no list of numbers"),
        ({"frame_offset": 7, "time_offset": [0]}, "frame_offset is no list of numbers"),
        (b'{"frame_offset": [NaN], "time_offset": [0]}', "frame_offset is no list of numbers"),
        ({"frame_offset": [1e30], "time_offset": [0]}, "frame_offset is no list of numbers"),
        ({"frame_offset": [0, 1], "time_offset": [0]}, "name 2 frames but 1 times"),
        ({"frame_offset": [0, 1], "time_offset": [0, 1], "cars": [None]}, "cars has 1 entries for 2 frames"),
        ({"cars": [None], "frame_offset": [0, 1], "time_offset": [0, 1]}, "cars has 1 entries for 2 frames"),
    ],
)
def test_what_cannot_be_read_is_refused_and_kept(tmp_path: Path, content: object, why: str) -> None:
    with pytest.raises(ResultsError, match=why):
        archived(tmp_path, content)
    kept = gzip.decompress((tmp_path / "job" / ARCHIVE_NAME).read_bytes())
    assert kept == (tmp_path / "came.json").read_bytes()
    with pytest.raises(ResultsError, match=why):
        open_results(tmp_path / "job")


def test_what_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="Run the job again"):
        open_results(tmp_path / "none")


@pytest.mark.parametrize("name", ["boxes.parquet", "frames.parquet", "cube-0.npz", "cube-0.npy"])
def test_a_damaged_table_is_told(tmp_path: Path, name: str) -> None:
    archived(tmp_path, document(entry(box())))
    (tmp_path / "job" / name).write_bytes(b"PAR1 no more")
    with pytest.raises(ResultsError, match="cannot be read"):
        _ = (results := open_results(tmp_path / "job")).boxes("cars"), results.cube("cars")


def test_an_entry_comes_back_as_the_file_has_it(tmp_path: Path) -> None:
    content = document(entry(box()), None, entry(box("x"), box("y")), note="a word", birds=[None] * 3)
    results = archived(tmp_path, content)
    for at in range(3):
        expected = {key: value[at] for key, value in content.items() if isinstance(value, list)}
        assert results.raw_entry(at) == expected
    assert results.raw_entry(3) == {}


def test_a_damaged_original_is_told(tmp_path: Path) -> None:
    results = archived(tmp_path, document(*[entry(box(str(at))) for at in range(500)]))
    packed = (tmp_path / "job" / ARCHIVE_NAME).read_bytes()
    for damaged in (b"", b"no gzip", packed[:1000], packed[:500] + b"\xff" * 500 + packed[1000:]):
        (tmp_path / "job" / ARCHIVE_NAME).write_bytes(damaged)
        with pytest.raises(ResultsError):
            results.raw_entry(499)


def test_an_archive_of_another_version_is_made_anew(tmp_path: Path) -> None:
    archived(tmp_path, document(entry(box()), None))
    notes = json.loads((tmp_path / "job" / "notes.json").read_bytes())
    (tmp_path / "job" / "notes.json").write_bytes(msgspec.json.encode({**notes, "version": 1}))
    (tmp_path / "job" / "boxes.parquet").unlink()
    assert len(open_results(tmp_path / "job").boxes("cars")) == 1
    assert json.loads((tmp_path / "job" / "notes.json").read_bytes()) == notes


def test_an_archive_of_the_first_version_is_made_anew(tmp_path: Path) -> None:
    old = tmp_path / "job"
    old.mkdir()
    (old / ARCHIVE_NAME).write_bytes(gzip.compress(json.dumps(document(entry(box()))).encode()))
    (old / "notes.json").write_text('{"models": ["cars"], "unread": []}')
    assert len(open_results(old).boxes("cars")) == 1
    assert not list(tmp_path.glob("*.json"))


STEPS = {
    "packing": "ingest._pack = die",
    "reading": "ingest.Document = die",
    "writing": "ingest.TableWriter.write = die",
    "noting": "ingest.write_notes = die",
    "flushing": "ingest._flush = die",
    "before the move": "ingest.Path.rename = die",
}
DIE_AT = """
import os, sys
from pathlib import Path
from frametally.results import ingest
def die(*args, **kwargs):
    os._exit(9)
{step}
ingest.archive(Path(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.mark.parametrize("step", STEPS)
def test_a_process_killed_at_any_step_leaves_nothing_half_there(tmp_path: Path, step: str) -> None:
    came, folder = tmp_path / "new.json", tmp_path / "job"
    came.write_text(json.dumps(document(entry(box()), None)))
    script = DIE_AT.format(step=STEPS[step])
    killed = subprocess.run([sys.executable, "-c", script, came, folder], cwd=ROOT, check=False)
    assert killed.returncode == 9
    assert not folder.exists()
    archive(came, folder)
    assert open_results(folder).models["cars"].analyzed.tolist() == [True, False]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["job", "new.json"]


@pytest.mark.parametrize("content", [document(entry(box()), None), {"time_offset": [0]}, None])
def test_a_process_of_its_own_does_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: object) -> None:
    monkeypatch.setattr("frametally.results.ingest._SMALL_BYTES", 0)
    (tmp_path / "came.json").write_text(json.dumps(content))
    if content and "cars" in json.dumps(content):
        archive_apart(tmp_path / "came.json", tmp_path / "job")
        assert len(open_results(tmp_path / "job").boxes("cars")) == 1
    else:
        with pytest.raises(ResultsError, match="no JSON object" if content is None else "no frame_offset"):
            archive_apart(tmp_path / "came.json", tmp_path / "job")


def test_a_process_that_dies_is_no_fault_of_the_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("frametally.results.ingest._SMALL_BYTES", 0)
    (tmp_path / "came.json").write_text(json.dumps(document(entry(box()))))
    (tmp_path / "job.draft").write_text("in the way")
    with pytest.raises(OSError, match="a process of their own"):
        archive_apart(tmp_path / "came.json", tmp_path / "job")


def test_the_sha256_of_what_came_stands_beside_it(tmp_path: Path) -> None:
    archived(tmp_path, document(entry(box())))
    came = (tmp_path / "came.json").read_bytes()
    assert (tmp_path / "job" / SHA256_NAME).read_text() == f"{hashlib.sha256(came).hexdigest()}  results.json\n"


def reading_fails(monkeypatch: pytest.MonkeyPatch, fault: Exception) -> None:
    def fail(*_: object) -> None:
        raise fault

    monkeypatch.setattr(ingest, "write_tables", fail)


@pytest.mark.parametrize("fault", [ResultsError("Too new.", "Wait."), ZeroDivisionError()])
def test_what_could_not_be_read_can_be_read_after_an_upgrade(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    with monkeypatch.context() as before:
        reading_fails(before, fault)
        with pytest.raises(ResultsError):
            archived(tmp_path, document(entry(box())))
        (tmp_path / "came.json").unlink()
        packed = (tmp_path / "job" / ARCHIVE_NAME).read_bytes()
        with pytest.raises(ResultsError):
            read_again(tmp_path / "job")
    assert len(read_again(tmp_path / "job").boxes("cars")) == 1
    assert (tmp_path / "job" / ARCHIVE_NAME).read_bytes() == packed


def test_what_this_machine_lacks_is_no_fault_of_the_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reading_fails(monkeypatch, MemoryError())
    with pytest.raises(MemoryError):
        archived(tmp_path, document(entry(box())))
    assert not (tmp_path / "job").exists()


def test_what_is_not_what_came_is_not_read_again(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="no time_offset"):
        archived(tmp_path, {"frame_offset": [0]})
    (tmp_path / "job" / ARCHIVE_NAME).write_bytes(gzip.compress(json.dumps(document(entry(box()))).encode()))
    with pytest.raises(ResultsError, match="cannot be read"):
        read_again(tmp_path / "job")


def test_a_process_killed_while_it_reads_again_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as before:
        reading_fails(before, ZeroDivisionError())
        with pytest.raises(ResultsError):
            archived(tmp_path, document(entry(box()), None))
    step = "replace, moved = Path.replace, []\nPath.replace = lambda *to: moved and die() or moved.append(replace(*to))"
    script = DIE_AT.format(step=step)
    killed = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "came.json", tmp_path / "job"], cwd=ROOT, check=False
    )
    assert killed.returncode == 9
    assert open_results(tmp_path / "job").models["cars"].analyzed.tolist() == [True, False]


def test_two_processes_that_archive_the_same_do_it_once(tmp_path: Path) -> None:
    (tmp_path / "came.json").write_text(json.dumps(document(*[entry(box())] * 2000)))
    script = "import sys\nfrom pathlib import Path\nfrom frametally.results import archive\n"
    script += "archive(Path(sys.argv[1]), Path(sys.argv[2]))"
    command = [sys.executable, "-c", script, str(tmp_path / "came.json"), str(tmp_path / "job")]
    running = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]
    assert [process.wait(timeout=60) for process in running] == [0, 0]
    assert len(open_results(tmp_path / "job").boxes("cars")) == 2000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["came.json", "job"]
