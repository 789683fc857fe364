"""What a coordinator takes over of a job that another one began."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from frametally.cluster.job_run import JobRun
from frametally.cluster.pieces.cut import Piece
from frametally.cluster.pieces.job_plan import JobPlan
from frametally.cluster.pieces.results import PieceKey
from frametally.contract import ModelRequest
from frametally.engine.runner import Plan
from frametally.engine.spool import JobRequest, Spool
from frametally.storage.objects.folder import FolderObjects
from tests.cluster.test_pieces import index_of

PREFIX = "pieces/1/job"
PIECES = Piece(0, 40), Piece(40, 100)


@pytest.mark.parametrize(
    ("can_stop", "expected"),
    [(True, ([15, 25, 60], [0, 1])), (False, ([40, 60], []))],
)
def test_a_piece_that_was_handed_back_keeps_the_results_of_every_attempt(
    tmp_path: Path, can_stop: bool, expected: tuple[list[int], list[int]]
) -> None:
    spool, objects = Spool(tmp_path), FolderObjects(tmp_path / "objects")
    spool.receive("u").commit()
    job = spool.accept(JobRequest(models=[ModelRequest("any", "1")], infer_fps=10), upload_id="u")
    plan = JobPlan(Plan(index_of(100, [0]), np.arange(100)), PIECES, (4.0, 6.0), can_stop)
    objects.put(f"{PREFIX}/plan", plan.to_bytes())
    for key in (PieceKey(0, 10, 1), PieceKey(0, 15, 2), PieceKey(10, 15, 3), PieceKey(15, 40, 4)):
        objects.put(key.below(f"{PREFIX}/unknown"), b"")
    spec, done = JobRun(job, objects, PREFIX, job.video).scheduled()
    assert ([round(10 * seconds) for seconds in spec.pieces_s], done) == expected
