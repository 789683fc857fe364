"""What a brief takes from the ledger and the library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from frametally.analysis.view import View
from frametally.analysis.view_spec import ViewSpec
from frametally.audit.population import packed
from frametally.audit.sampling import sample
from frametally.audit.seen import Seen, groups_of
from frametally.config.settings import Settings
from frametally.deployment import Deployment, open_deployment
from frametally.job import Job
from frametally.ledger.audits.frame_checks import keep_check
from frametally.ledger.audits.planned import begin_audit
from frametally.ledger.moment_notes import pin_note
from frametally.ledger.region_sets import NEW, save, set_camera
from frametally.regions.shapes import Line, RegionSet
from frametally.rendering.class_colors import class_colors
from frametally.reports.job_sources import job_sources
from frametally.reports.request import BriefRequest
from frametally.reports.shares.maker import JobBriefs
from frametally.results import open_results
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
    kept: Any = {
        "ledger": deployment.ledger,
        "library": deployment.library,
        "results_dir": deployment.settings.results_dir,
        "models_dir": tmp_path,
        "colors": class_colors,
    }
    briefs, request = JobBriefs(**kept), BriefRequest(view=ViewSpec(job_ids=(job.id,)))
    before = briefs.fingerprint(request)
    check_first_frame(deployment, job, sha256)
    assert briefs.fingerprint(request) != before
    found = job_sources(job, **kept)
    assert found.video is not None
    assert (found.video.sha256, found.video.file_name) == (sha256, small_video.name)
    assert [(note.text, note.entry) for note in found.notes] == [("early", 1), ("of the job", 2), ("later", 4)]
    assert (found.regions, found.camera) == (regions, "Door")
    assert found.service == "a Video Inference service"
    checked = found.checked(View(found.results, "kitchen", 0.25))
    assert checked
    assert checked.how_many.startswith("1 frame checked by eye")
    assert checked.people[0].startswith("ann checked 1 frame, last on ")


def check_first_frame(deployment: Deployment, job: Job, sha256: str) -> None:
    view = View(open_results(deployment.settings.results_dir / job.id), "kitchen", 0.25)
    times = np.asarray(deployment_index(deployment, sha256).pts)[view.results.frame_index]
    begin_audit(deployment.ledger, sha256, packed(times), "{}", seed=1, planned=5, actor=None)
    time, seen = int(sample(times, 1, 1)[0]), Seen(groups_of(view)).to_json()
    keep_check(deployment.ledger, sha256, time, seen, actor="ann")


def deployment_index(deployment: Deployment, sha256: str) -> FrameIndex:
    stored = deployment.library.get(sha256)
    assert stored is not None
    return load_index(stored.path)
