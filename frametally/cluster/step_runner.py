"""Run the steps of jobs in a process of a node, with models and a video that stay open between pieces."""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from frametally.cluster.kept_reader import KeptReader
from frametally.cluster.pieces.cut import TARGET_S
from frametally.cluster.pieces.job_plan import JobPlan
from frametally.cluster.pieces.planning import Keyframes, cut_plan
from frametally.cluster.pieces.results import PieceKey, result_of
from frametally.cluster.step_watch import MAX_OBJECT_BYTES, StepStopped, StepWatch
from frametally.cluster.steps import Answer, FindDamage, JobFacts, Prepare, RunPiece, Step
from frametally.config.inference_servers import InferenceServers
from frametally.engine.detectors import Detector, open_model
from frametally.engine.pipeline import infer_frames
from frametally.engine.result_entries import Entry
from frametally.engine.runner import Plan, make_plan, read_planned, write_entries
from frametally.engine.watchdog import DECODING, OPENING, READING, WRITING
from frametally.engine.worker import leaves_process_fit, reason_of
from frametally.memory import release_freed_memory
from frametally.storage.objects import Objects, StoreUnavailable
from frametally.video.damage import DamageReported, find_damage, reports_no_damage

MODEL_SETS: Final = 2
"""Sets of models that stay open."""
_PLANS: Final = 4

T = TypeVar("T")
T_key = TypeVar("T_key", str, bytes)


class StepRunner:
    """Runs one step at a time."""

    def __init__(
        self,
        models_dir: Path,
        servers: InferenceServers,
        objects: Objects,
        *,
        threads: int = 1,
        target_s: float = TARGET_S,
    ) -> None:
        """Prepare to run steps.

        Args:
            models_dir: the folder of the models.
            servers: those that run models without a file.
            objects: shared with all workers.
            threads: of the decoder, and of the models.
            target_s: work of a piece.
        """
        self._threads = threads
        self._target_s = target_s
        self._models_dir = models_dir
        self._servers = servers
        self._objects = objects
        self._detectors: OrderedDict[bytes, list[Detector]] = OrderedDict()
        self._plans: OrderedDict[str, JobPlan] = OrderedDict()
        self._kept = KeptReader()

    def run(self, step: Step, watch: StepWatch) -> Answer:
        """Run a step to its end; no exception leaves it."""
        try:
            return self._run(step, watch)
        except DamageReported:
            return Answer(kind="damage reported")
        except StepStopped:
            return Answer(kind="stopped")
        except StoreUnavailable as error:
            return Answer(kind="unavailable", reason=str(error))
        except Exception as error:  # an error in one job must not affect the next
            return Answer(kind="failed", reason=reason_of(step.job.id, error), is_worker_fit=leaves_process_fit(error))
        finally:
            release_freed_memory()

    def _run(self, step: Step, watch: StepWatch) -> Answer:
        self._kept.close_unless(step.plan_key if isinstance(step, RunPiece) else "")
        if isinstance(step, Prepare):
            return self._prepare(step.job, watch)
        if isinstance(step, FindDamage):
            plan = self._plan(step.job.plan_key).plan
            return self._cut(step.job, self._with_damage(step.job, plan, watch), watch)
        return self._analyze(step, watch)

    def _prepare(self, job: JobFacts, watch: StepWatch) -> Answer:
        watch.enter_phase(READING)
        plan = make_plan(Path(job.video), job.infer_fps)
        if reports_no_damage(Path(job.video)):
            plan = self._with_damage(job, plan, watch)
        return self._cut(job, plan, watch)

    def _with_damage(self, job: JobFacts, plan: Plan, watch: StepWatch) -> Plan:
        found = find_damage(Path(job.video), plan.index, on_packet=lambda: watch.enter_phase(DECODING))
        return replace(plan, damaged=found)

    def _cut(self, job: JobFacts, plan: Plan, watch: StepWatch) -> Answer:
        watch.enter_phase(OPENING)
        detectors = self._open(job)
        try:
            cut = cut_plan(Path(job.video), plan, detectors, watch.enter_phase, target_s=self._target_s)
        except DamageReported:
            plan = self._with_damage(job, plan, watch)
            cut = cut_plan(Path(job.video), plan, detectors, watch.enter_phase, target_s=self._target_s)
        key = job.plan_key if plan.damaged is None else job.damage_key
        watch.enter_phase(WRITING)
        self._objects.put_new(key, cut.to_bytes())  # the plan of an earlier attempt is as good
        return Answer(kind="planned", key=key)

    def _analyze(self, step: RunPiece, watch: StepWatch) -> Answer:
        watch.enter_phase(OPENING)
        cut = self._plan(step.plan_key)
        video, plan, detectors = Path(step.job.video), cut.plan, self._open(step.job)
        entries = range(step.start, step.stop)
        with ExitStack() as stack:
            reader = stack.enter_context(self._kept.reader(step.plan_key, video, plan, self._threads))
            keyframes = stack.enter_context(closing(Keyframes(video, plan.index)))
            frames = read_planned(reader, plan.planned, plan.damaged, entries)
            inferring = infer_frames(frames, detectors, watch.enter_phase, threads=self._threads)
            inferred = stack.enter_context(closing(inferring))
            is_last = False

            def must_stop(entry: int) -> bool:
                """Whether to hand back the entries from this one on."""
                nonlocal is_last
                wants = cut.can_stop and watch.must_hand_back and entry < step.stop
                is_last = wants and keyframes.may_begin_at(int(plan.planned[entry]))
                return is_last

            stops = []
            while entries and not is_last:
                entries = self._write(step, inferred, entries, len(detectors), watch, must_stop)
                stops.append(entries.start)
        return Answer(kind="written", stops=stops)

    def _write(
        self,
        step: RunPiece,
        inferred: Iterator[tuple[int, list[Entry]]],
        entries: range,
        models: int,
        watch: StepWatch,
        must_stop: Callable[[int], bool],
    ) -> range:
        """Write one object with the first of these entries; returns those that are left."""
        outputs = [io.BytesIO() for _ in range(models)]

        def is_complete(stop: int) -> bool:
            watch.count_entry()
            return must_stop(stop) or sum(output.tell() for output in outputs) > MAX_OBJECT_BYTES

        written = write_entries(inferred, entries, outputs, is_complete)
        watch.enter_phase(WRITING)
        data = result_of(entries.start, written.stop, written.analyzed, [output.getvalue() for output in outputs])
        prefix = step.job.run_prefix(is_damage_known=step.is_damage_known)
        self._objects.put_new(PieceKey(entries.start, written.stop, step.attempt).below(prefix), data)
        return range(written.stop, entries.stop)

    def _plan(self, key: str) -> JobPlan:
        return _kept(self._plans, key, lambda: JobPlan.from_bytes(self._objects.read(key)), _PLANS)

    def _open(self, job: JobFacts) -> list[Detector]:
        """The models of a job; those that remember earlier frames are opened for each piece."""
        key = msgspec.json.encode((job.models, [self._stamp(model.model_id, model.version) for model in job.models]))

        def opened() -> list[Detector]:
            return [open_model(self._models_dir, model, self._servers) for model in job.models]

        detectors = _kept(self._detectors, key, opened, MODEL_SETS)
        if any(detector.is_stateful for detector in detectors):
            del self._detectors[key]
        return detectors

    def _stamp(self, model_id: str, version: str) -> tuple[int, int] | None:
        """Changes with the file of a model."""
        try:
            status = (self._models_dir / model_id / version / "model.onnx").stat()
        except (OSError, ValueError):
            return None
        return status.st_mtime_ns, status.st_size


def _kept(cache: OrderedDict[T_key, T], key: T_key, make: Callable[[], T], limit: int) -> T:
    """The value of a key; the least recently used ones are dropped first, so that memory holds `limit` of them."""
    if key not in cache:
        while len(cache) >= limit:
            cache.popitem(last=False)
        cache[key] = make()
    cache.move_to_end(key)
    return cache[key]
