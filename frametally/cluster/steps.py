"""What the coordinator asks a worker of the cluster to do, and the answers."""

from __future__ import annotations

from typing import Final, Literal

import msgspec
from msgspec import Struct

from frametally.contract import ModelRequest


class JobFacts(Struct, frozen=True, kw_only=True):
    """What a worker must know about a job."""

    id: str
    video: str
    """Path of the video, the same on every worker."""
    models: list[ModelRequest]
    infer_fps: float
    objects: str
    """Prefix of the keys of this job's objects, without a slash at the end."""

    @property
    def plan_key(self) -> str:
        return f"{self.objects}/plan"

    def run_prefix(self, *, is_damage_known: bool) -> str:
        """Prefix of the results: those of a run that did not know the damage are not mixed with others."""
        return f"{self.objects}/{'known' if is_damage_known else 'unknown'}"

    @property
    def damage_key(self) -> str:
        """The plan that knows the damage."""
        return f"{self.objects}/plan-with-damage"


class Prepare(Struct, frozen=True, tag=True):
    """Plan the job: index its video, measure its models, cut it into pieces."""

    job: JobFacts


class FindDamage(Struct, frozen=True, tag=True):
    """Find the damaged frames of the video, and plan the job again."""

    job: JobFacts


class RunPiece(Struct, frozen=True, tag=True):
    """Analyze a run of entries and write them as an object."""

    job: JobFacts
    is_damage_known: bool
    start: int
    stop: int
    attempt: int

    @property
    def plan_key(self) -> str:
        return self.job.damage_key if self.is_damage_known else self.job.plan_key


Step = Prepare | FindDamage | RunPiece
_STEPS: Final[msgspec.json.Decoder[Step]] = msgspec.json.Decoder(Step)


class Answer(Struct, frozen=True, kw_only=True):
    """How a step has ended."""

    kind: Literal["planned", "written", "damage reported", "stopped", "unavailable", "failed"]
    """`unavailable`: the objects could not be reached, so that the step must be done again."""
    key: str = ""
    """Of the plan."""
    stops: list[int] = []
    """Of a piece: where each object that it wrote ends; the last one is the entry up to which it was analyzed."""
    reason: str = ""
    """Why it failed, as text for the user."""
    is_worker_fit: bool = True
    """Whether the process can run another step; one that ran out of memory may not."""


class StepState(Struct, frozen=True):
    """What a worker is doing."""

    step_id: int = 0
    """0 if it is idle."""
    entries: int = 0
    """Of a piece: how many are finished."""
    limit_s: float = 0.0
    """Of the current phase."""
    phase_s: float = 0.0
    """Since when it has run."""
    reason: str = ""
    """The failure if the phase takes longer."""


def encode(message: Step | Answer | StepState) -> bytes:
    return msgspec.json.encode(message)


def decode_step(data: bytes) -> Step:
    step: Step = _STEPS.decode(data)
    return step


def decode_answer(data: bytes) -> Answer:
    return msgspec.json.decode(data, type=Answer)


def decode_state(data: bytes) -> StepState:
    return msgspec.json.decode(data, type=StepState)
