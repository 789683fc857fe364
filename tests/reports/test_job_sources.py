"""What a brief takes from the ledger and the library."""

from __future__ import annotations

from pathlib import Path

from frametally.config.settings import Settings
from frametally.deployment import Deployment, open_deployment
from frametally.ledger.moment_notes import pin_note
from frametally.ledger.region_sets import NEW, save, set_camera
from frametally.regions.shapes import Line, RegionSet
from frametally.rendering.class_colors import class_colors
from frametally.reports.job_sources import job_sources
from frametally.storage.digests import sha256_of
from frametally.video.frame_index import FrameIndex, load_index
from tests.support.results_files import finished_job


def test_a_job_brings_its_video_notes_lines_and_the_name_of_its_service(
    tmp_path: Path, small_video: Path, migrated_sqlite: Path
) -> None:
    deployment = open_deployment(Settings.read({"FRAMETALLY_DATA_DIR": str(tmp_path)}), lambda: "http://127.0.0.1")
    job = finished_job(deployment, small_video)
    regions = RegionSet(camera="Door", size=(320, 240), lines=(Line(id="a", name="In", start=(0, 0), end=(1, 1)),))
    save(deployment.ledger, "Door", regions.to_json().decode(), based_on=NEW, actor=None)
    set_camera(deployment.ledger, job.id, "Door")
    sha256 = sha256_of(small_video)
    for time, text in ((8, "later"), (2, "early")):
        pts = int(deployment_index(deployment, sha256).pts[time])
        pin_note(deployment.ledger, sha256, pts, text, actor=None)
    pin_note(deployment.ledger, f"job:{job.id}", 4, "of the job", actor=None)
    found = job_sources(
        job,
        ledger=deployment.ledger,
        library=deployment.library,
        results_dir=deployment.settings.results_dir,
        models_dir=tmp_path,
        colors=class_colors,
    )
    assert found.video is not None
    assert (found.video.sha256, found.video.file_name) == (sha256, small_video.name)
    assert [(note.text, note.entry) for note in found.notes] == [("early", 1), ("of the job", 2), ("later", 4)]
    assert (found.regions, found.camera) == (regions, "Door")
    assert found.service == "a Video Inference service"


def deployment_index(deployment: Deployment, sha256: str) -> FrameIndex:
    stored = deployment.library.get(sha256)
    assert stored is not None
    return load_index(stored.path)
