"""The layout of the data folder is complete, and the documentation matches it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from frametally.config.layout import LAYOUT, layout_table, place_of
from frametally.config.settings import Settings
from frametally.deployment import open_deployment
from frametally.engine.spool import JobRequest, Spool
from frametally.ledger.tables import METADATA
from tests.support.results_files import finished_job

ARCHITECTURE = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text()
SHA256 = "ab" * 32


def test_the_documentation_contains_the_table() -> None:
    assert layout_table() in ARCHITECTURE


def test_the_documentation_names_every_table_of_the_ledger() -> None:
    (named,) = re.findall(r"^Tables of the ledger: .*?\.(?= )", ARCHITECTURE, re.MULTILINE | re.DOTALL)
    assert sorted(re.findall(r"`(\w+)`", named)) == sorted(METADATA.tables)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("secret", "secret"),
        ("results/3f-a/notes.json", "results/<job>/"),
        ("results/3f-a/derived/video-1.mp4", "results/<job>/derived/"),
        (f"media/videos/{SHA256}/video.mp4", "media/videos/<sha256>/"),
        (f"media/videos/{SHA256}/derived/play-1.mp4", "media/videos/<sha256>/derived/"),
        ("models/a/1/model.onnx", "models/<model id>/<version>/"),
        ("engine/key", "engine/key"),
        ("results/3f-a.json", None),
        ("results/3f-a", None),
        ("models/model.onnx", None),
        ("models/.hidden/1/model.onnx", None),
        ("media/videos/../secret", None),
        ("elsewhere", None),
    ],
)
def test_a_file_belongs_to_the_most_specific_place(name: str, path: str | None) -> None:
    place = place_of(name)
    assert (place.path if place else None) == path


def test_every_folder_of_the_settings_is_in_the_layout(tmp_path: Path) -> None:
    settings = Settings.read({"FRAMETALLY_DATA_DIR": str(tmp_path)})
    values = [getattr(settings, name) for name in dir(settings) if not name.startswith("_")]
    below = {value.relative_to(tmp_path).as_posix() for value in values if isinstance(value, Path)} - {"."}
    assert below >= {"results", "media", "models", "engine", "engine/key", "secret", "colors.json"}
    assert {name for name in below if not any(place.path.startswith(name) for place in LAYOUT)} == set()


def test_everything_that_a_deployment_writes_is_in_the_layout(tmp_path: Path, small_video: Path) -> None:
    settings = Settings.read({"FRAMETALLY_DATA_DIR": str(tmp_path)})
    deployment = open_deployment(settings, lambda: "http://127.0.0.1")
    deployment.library.uploads.begin("clip.mp4", 10, actor=None)
    finished_job(deployment, small_video)
    deployment.class_colors.of(["cup"])
    spool = Spool(settings.engine_dir)
    upload = spool.receive("0f")
    upload.commit()
    spool.accept(JobRequest(models=[], infer_fps=5.0), upload_id="0f")
    deployment.ledger.close()
    written = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    places = {place.path for name in written if (place := place_of(name))}
    assert [name for name in written if not place_of(name) and not name.endswith(("-wal", "-shm"))] == []
    assert places >= {
        *("frametally.db", "secret", "colors.json", "in-use", "results/<job>/", "media/videos/<sha256>/"),
        *("media/uploads/<id>/", "engine/key", "engine/uploads/<id>", "engine/jobs/<id>/"),
    }
