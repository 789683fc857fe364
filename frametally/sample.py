"""The sample: a clip in `demo/`, and the model that counts the parcels in it. Needs no network."""

from __future__ import annotations

import filecmp
import shutil
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Final

from msgspec import Struct

from frametally.access.permissions import Action, may, require
from frametally.access.person import Person, id_of
from frametally.config.app_folder import APP_FOLDER
from frametally.errors import SettingsError
from frametally.job import EMBEDDED, Job, JobStatus, ModelChoice, RunRequest
from frametally.jobs.workflow import Workflow
from frametally.ledger.ledger import Ledger
from frametally.storage.atomic import atomic_path, read_json
from frametally.video.decoding import Image
from frametally.video.frame_index import build_index
from frametally.video.frame_reader import FrameReader

_DEMO: Final = APP_FOLDER / "demo"
CLIP: Final = _DEMO / "sample" / "parcels.mp4"
MODEL: Final = ModelChoice(model_id="parcels", version="2")
MODEL_FILE: Final = _DEMO / "models" / MODEL.model_id / MODEL.version / "model.onnx"
INFER_FPS: Final = 5.0
PICTURE_AT_S: Final = 24
"""Seconds after the first frame; parcels of every class are visible there."""


class Sample(Struct, frozen=True):
    """Ground truth of the clip, written by its renderer."""

    sha256: str
    fps: int
    frames: int
    counts_per_second: dict[str, list[int]]
    """Objects per class, in the first frame of each second."""

    @property
    def classes(self) -> list[str]:
        return sorted(self.counts_per_second)

    @property
    def duration_s(self) -> float:
        return self.frames / self.fps


@cache
def find_sample() -> Sample | None:
    """The sample; None if it is not installed."""
    is_installed = CLIP.exists() and MODEL_FILE.exists()
    return read_json(CLIP.with_name(f"{CLIP.stem}.truth.json"), Sample) if is_installed else None


def is_sample(job: Job) -> bool:
    """Whether the job analyzes the sample clip, with any model."""
    sample = find_sample()
    return sample is not None and job.video_sha256 == sample.sha256


def runs_of(sample: Sample, ledger: Ledger) -> list[Job]:
    """Unfinished and succeeded jobs of the clip with the sample's model, newest first."""
    statuses = [status for status in JobStatus if status.is_open or status is JobStatus.SUCCEEDED]
    jobs = ledger.jobs(statuses=statuses, service=EMBEDDED, video_sha256=sample.sha256)
    return [job for job in jobs if job.models == (MODEL,)]


def run_sample(sample: Sample, workflow: Workflow, models_dir: Path, *, actor: Person | None) -> Job:
    """Run the sample on the built-in engine and return the new job, or the unfinished one if there is one.

    Guests get a finished one, too: all of them together run it once.

    Raises:
        AccessDenied: the person may not run the sample.
        MediaError: the disk has no room for the clip.
        SettingsError: the model cannot be copied to the models folder.
    """
    require(actor, Action.RUN_SAMPLE)
    is_guest = actor is not None and not may(actor, Action.RUN)
    usable = [job for job in runs_of(sample, workflow.ledger) if job.status.is_open or is_guest]
    if usable:
        return usable[0]
    _install_model(models_dir / MODEL.model_id / MODEL.version / MODEL_FILE.name)
    video = workflow.library.get(sample.sha256) or workflow.library.add(CLIP, actor=id_of(actor))
    request = RunRequest(
        service=EMBEDDED,
        key_id="",
        video_name=CLIP.name,
        video_sha256=video.sha256,
        models=(MODEL,),
        infer_fps=INFER_FPS,
    )
    return workflow.submit(request, actor=actor, action=Action.RUN_SAMPLE)


def picture_of(sample: Sample, height_px: int) -> Image:
    """A frame with parcels of every class, BGR, of this height."""
    with closing(FrameReader(CLIP, build_index(CLIP))) as reader:
        return next(reader.thumbnails([PICTURE_AT_S * sample.fps], height_px))[1]


def _install_model(target: Path) -> None:
    """Copy the model file and its `model.json` to the folder of `target`, unless another model is there."""
    try:
        if target.exists() and not filecmp.cmp(target, MODEL_FILE, shallow=False):
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        for source in (MODEL_FILE.with_name("model.json"), MODEL_FILE):
            copy = target.with_name(source.name)
            if not copy.exists():
                with atomic_path(copy) as draft:
                    shutil.copyfile(source, draft)
    except OSError as error:
        what = f"The sample's model cannot be copied to the models folder: {error.strerror}."
        raise SettingsError(
            what, "Check FRAMETALLY_MODELS_DIR, the permissions of the folder and the free disk space."
        ) from error
