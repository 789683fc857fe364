"""One job on a cluster: its stages, its pieces, and the results that count for it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal, NamedTuple

from frametally.cluster.pieces.cut import Piece
from frametally.cluster.pieces.job_plan import JobPlan
from frametally.cluster.pieces.results import PieceKey, chain, merge_to_files
from frametally.cluster.scheduling.terms import JobSpec
from frametally.cluster.steps import Answer, FindDamage, JobFacts, Prepare, RunPiece, Step
from frametally.engine.progress import ProgressReporter
from frametally.engine.runner import check_analyzed, finish_job
from frametally.engine.spool import SpooledJob, WorkerProgress
from frametally.storage.objects import Objects

Stage = Literal["prepare", "find damage", "pieces"]
_PREPARE_S: Final = 2.0
_FIND_DAMAGE_S: Final = 10.0
_NO_WORKER: Final = 0
"""Written as the process of a job: the end of the coordinator is no fault of one of its jobs."""


def begin(job: SpooledJob) -> None:
    """Report that a job does not wait any more; on a full disk, a later report says so."""
    with suppress(OSError):
        if job.progress is None:
            job.report(WorkerProgress(0.0, _NO_WORKER))


class _Cut(NamedTuple):
    """What the coordinator keeps in memory of a plan."""

    key: str
    entries: int
    seconds: float
    can_stop: bool


class JobRun:
    """A queued job. It begins where an earlier coordinator stopped: what exists as an object is not done again."""

    def __init__(self, job: SpooledJob, objects: Objects, prefix: str, video: Path) -> None:
        """Begin, or go on.

        Args:
            job: in the spool.
            objects: shared with the workers.
            prefix: of the keys of the job's objects; other versions of the program use others.
            video: as the workers open it.
        """
        self.job = job
        self._objects = objects
        request = job.request
        self.facts = JobFacts(
            id=job.id, video=str(video), models=request.models, infer_fps=request.infer_fps, objects=prefix
        )
        self.models = " ".join(sorted(f"{model.model_id}/{model.version}" for model in request.models))
        self.stage: Stage = "prepare"
        self._stages = 0
        self._cut: _Cut | None = None
        self._pieces: list[Piece] = []
        self._results: dict[int, list[PieceKey]] = {}
        self._first_attempt = 1
        self.unavailable = 0
        """Number of steps that could not reach the objects."""
        self._progress: ProgressReporter | None = None
        self._read_plan()

    @property
    def id(self) -> str:
        """The name of the current stage for the scheduler."""
        return f"{self.facts.id}/{self._stages}"

    @property
    def is_complete(self) -> bool:
        """Whether every piece has a result."""
        return self.stage == "pieces" and len(self._results) == len(self._pieces)

    def scheduled(self) -> tuple[JobSpec, list[int]]:
        """The current stage for the scheduler, and the pieces that are done."""
        if self._cut is None or self.stage != "pieces":
            expected_s = _PREPARE_S if self.stage == "prepare" else _FIND_DAMAGE_S
            return JobSpec(self.id, self.models, [expected_s], can_stop=False), []
        costs_s = [self._seconds(piece) for piece in self._pieces]
        return JobSpec(self.id, self.models, costs_s, can_stop=self._cut.can_stop), sorted(self._results)

    def step(self, piece: int, attempt_id: int) -> Step:
        """What a worker must do for a piece of the current stage."""
        if self.stage == "prepare":
            return Prepare(self.facts)
        if self.stage == "find damage":
            return FindDamage(self.facts)
        start, stop = self._pieces[piece]
        return RunPiece(self.facts, self._is_damage_known, start, stop, self._attempt(attempt_id))

    def planned(self) -> None:
        """The stage before the pieces has ended."""
        self._read_plan()

    def must_find_damage(self) -> None:
        """A piece has met damage: what is damaged must be known before any of them."""
        self._enter("find damage")

    def rest_s(self, piece: int, answer: Answer) -> list[float]:
        """Expected seconds of what the attempt left of its piece; empty if it left nothing."""
        rest = Piece(answer.stops[-1], self._pieces[piece].stop)
        return [self._seconds(rest)] if rest.start < rest.stop else []

    def count(self, piece: int, attempt_id: int, answer: Answer, added: Sequence[int]) -> None:
        """The result of an attempt is that of the piece; what it left is the piece of the number `added`."""
        start, stop = self._pieces[piece]
        starts = [start, *answer.stops[:-1]]
        attempt = self._attempt(attempt_id)
        self._results[piece] = [PieceKey(*pair, attempt) for pair in zip(starts, answer.stops, strict=True)]
        self._pieces[piece] = Piece(start, answer.stops[-1])
        self._pieces.extend(Piece(answer.stops[-1], stop) for _ in added)

    def report(self, running: dict[int, int]) -> None:
        """Report the progress; `running` has the finished entries of each piece that is being analyzed.

        Raises:
            JobCancelled: the job was canceled.
        """
        if self._cut is None or self.stage != "pieces":
            return
        if self._progress is None:
            self._progress = ProgressReporter(self.job, self._cut.entries, worker_pid=_NO_WORKER)
        done = sum(len(self._pieces[piece].entries) for piece in self._results)
        self._progress.report(done + sum(entries for piece, entries in running.items() if piece not in self._results))

    def merge(self) -> None:
        """Write the results of the job from those of its pieces, and end it.

        Raises:
            VideoError: no frame of the video could be decoded.
        """
        if self._cut is None:
            raise ValueError("a job without a plan has no results")
        prefix = self.facts.run_prefix(is_damage_known=self._is_damage_known)
        keys = sorted(key for results in self._results.values() for key in results)
        work = self.job.new_work_folder()
        entry_files = [work / f"{number}.json" for number in range(len(self.facts.models))]
        check_analyzed(merge_to_files(self._objects, [key.below(prefix) for key in keys], entry_files))
        finish_job(self.job, self._load(self._cut.key).plan, entry_files)

    def delete_objects(self) -> None:
        for stored in self._objects.list(self.facts.objects):
            self._objects.delete(stored.key)

    @property
    def _is_damage_known(self) -> bool:
        return self._cut is not None and self._cut.key == self.facts.damage_key

    def _attempt(self, attempt_id: int) -> int:
        """Unique among all attempts of the job, also those of earlier coordinators."""
        return self._first_attempt + attempt_id

    def _seconds(self, piece: Piece) -> float:
        """Expected, in proportion to that of the planned pieces."""
        if self._cut is None:
            return 0.0
        entries = max(1, self._cut.entries)
        return self._cut.seconds * len(piece.entries) / entries

    def _enter(self, stage: Stage) -> None:
        self.stage = stage
        self._stages += 1

    def _read_plan(self) -> None:
        """Continue with the pieces, if a plan exists."""
        for key in (self.facts.damage_key, self.facts.plan_key):
            try:
                found = self._load(key)
            except FileNotFoundError:
                continue
            self._cut = _Cut(key, len(found.plan.planned), sum(found.pieces_s), found.can_stop)
            self._find_results(found)
            self._enter("pieces")
            return

    def _load(self, key: str) -> JobPlan:
        return JobPlan.from_bytes(self._objects.read(key))

    def _find_results(self, cut: JobPlan) -> None:
        """Take the results that exist; a piece that was handed back becomes several, each done by one attempt."""
        prefix = self.facts.run_prefix(is_damage_known=self._is_damage_known)
        attempts: dict[int, dict[int, PieceKey]] = {}
        for stored in self._objects.list(prefix):
            if key := PieceKey.parse(stored.key):
                attempts.setdefault(key.attempt, {})[key.start] = key
        self._first_attempt = max(attempts, default=0) + 1
        self._pieces, self._results = [], {}
        for rest in cut.pieces:
            while (found := _longest(attempts, rest))[0] and (found[1] == rest.stop or cut.can_stop):
                self._results[len(self._pieces)], at = found
                self._pieces.append(Piece(rest.start, at))
                rest = Piece(at, rest.stop)
            if rest.start < rest.stop:
                self._pieces.append(rest)


def _longest(attempts: dict[int, dict[int, PieceKey]], piece: Piece) -> tuple[list[PieceKey], int]:
    """The results of the attempt at a piece that came furthest, the first of several, and the entry after them."""
    best: tuple[list[PieceKey], int] = [], piece.start
    for attempt in sorted(attempts):
        if (found := chain(attempts[attempt], piece.entries))[1] > best[1]:
            best = found
    return best
