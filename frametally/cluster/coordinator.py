"""Run the queued jobs on the workers of a cluster: reports go to the scheduler, its decisions to the workers.

The coordinator itself opens no video and no model. Its state is in the spool and in the objects: another coordinator
continues where it was ended.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from frametally.cluster.attempts import Attempts
from frametally.cluster.job_run import JobRun, begin
from frametally.cluster.nodes import Ended, Gone, Joined, Nodes
from frametally.cluster.object_videos import path_of, put_video
from frametally.cluster.scheduler import Scheduler
from frametally.cluster.scheduling.terms import Attempt, FailedJob
from frametally.cluster.side_work import SideWork
from frametally.cluster.steps import Answer
from frametally.engine.progress import JobCancelled
from frametally.engine.spool import Spool, SpooledJob
from frametally.engine.worker import reason_of
from frametally.storage.objects import Objects, StoreUnavailable

LOOK_EVERY_S: Final = 0.25
"""How often the queue is read."""
MAX_JOBS: Final = 500
"""Jobs that share the workers; others wait in the queue."""
RETRY_AFTER_S: Final = 5.0
"""After the objects could not be reached."""
MAX_UNAVAILABLE: Final = 20
"""Steps of a job that could not reach the objects, each after its own retries, before the job fails."""
CRASHED: Final = (
    "The engine crashed {count} times during this job, most likely for lack of memory. Use a smaller model or a "
    "smaller input size."
)
LOST: Final = "Machines of the cluster were lost {count} times during this job. Check the cluster, then try again."
_LOG = logging.getLogger("frametally.cluster")


class Coordinator:
    """All queued jobs of one spool on all workers of one cluster. Call `turn` again and again."""

    def __init__(
        self,
        spool: Spool,
        nodes: Nodes,
        objects: Objects,
        *,
        fetch: Callable[[SpooledJob], None],
        prefix: str,
        shares_disk: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Create the coordinator.

        Args:
            spool: the queue.
            nodes: the workers.
            objects: shared with the workers.
            fetch: downloads the video of a job that has a URL.
            prefix: of all keys: `…/<version>`; what is beside it belongs to other versions.
            shares_disk: whether the workers have the files of the spool; otherwise videos become objects.
            clock: seconds that only run forward.
        """
        self._spool = spool
        self._nodes = nodes
        self._objects = objects
        self._fetch = fetch
        self._prefix = prefix
        self._shares_disk = shares_disk
        self._clock = clock
        self._scheduler = Scheduler()
        self._attempts = Attempts(nodes, clock)
        self._runs: dict[str, JobRun] = {}
        """By the id of the job."""
        self._stages: dict[str, JobRun] = {}
        """By the id of the current stage, under which the scheduler knows it."""
        self._side_work = SideWork()
        self._ended: set[str] = set()
        self._looked_s = float("-inf")
        self._not_before_s: dict[str, float] = {}
        """When to begin a job again that could not go on, by its id."""

    def turn(self, wait_s: float) -> None:
        """Look at everything once; waits for an event up to `wait_s`.

        Raises:
            OSError: the spool cannot be read or written.
        """
        if self._clock() - self._looked_s > LOOK_EVERY_S:
            self._looked_s = self._clock()
            self._take_jobs()
            self._nodes.want(self._scheduler.wanted_slots())
        self._finish_side_work()
        for event in self._nodes.events(wait_s):
            if isinstance(event, Joined):
                self._scheduler.add_worker(event.worker)
            elif isinstance(event, Gone):
                self._attempts.forget_worker(event.worker_id)
                self._fail_jobs(self._scheduler.remove_worker(event.worker_id, event.cause))
            else:
                self._handle(event)
        self._report_progress()
        self._enforce_limits()
        self._assign()

    def close(self) -> None:
        """Leave the running steps alone; wait for the work beside."""
        self._side_work.close()

    def tidy(self) -> None:
        """Delete objects of jobs that have ended, left by a coordinator that was killed.

        Raises:
            StoreUnavailable: the objects cannot be reached.
        """
        place = self._prefix.rpartition("/")[0]
        for stored in self._objects.list(place):
            _, _, rest = stored.key.removeprefix(f"{place}/").partition("/")
            job = self._spool.find(rest.partition("/")[0])
            if job is None or job.state != "queued":
                self._objects.delete(stored.key)

    @property
    def is_idle(self) -> bool:
        return not (self._runs or self._side_work)

    # Jobs

    def _take_jobs(self) -> None:
        queued = self._spool.queued(known_ended=self._ended)
        for job in queued[: MAX_JOBS + len(self._side_work)]:
            is_begun = job.id in self._runs or job.id in self._side_work
            if not is_begun and self._clock() >= self._not_before_s.get(job.id, 0.0):
                self._take(job)
        waiting = {job.id for job in queued}
        for job_id in [job_id for job_id in self._runs if job_id not in waiting and job_id not in self._side_work]:
            self._end(self._runs[job_id])

    def _take(self, job: SpooledJob) -> None:
        if job.request.url is not None and not job.video.exists():
            begin(job)
        elif self._shares_disk:
            self._begin(job)
            return
        self._side_work.start(job, lambda: self._bring(job), is_download=True)

    def _bring(self, job: SpooledJob) -> None:
        """Bring the video of a job to where the workers find it."""
        if job.request.url is not None and not job.video.exists():
            self._fetch(job)
        if not self._shares_disk:
            put_video(self._objects, self._video_key(job), job.video)

    def _video_key(self, job: SpooledJob) -> str:
        return f"{self._prefix}/{job.id}/video"

    def _begin(self, job: SpooledJob) -> None:
        try:
            video = job.video if self._shares_disk else path_of(self._video_key(job))
            run = JobRun(job, self._objects, f"{self._prefix}/{job.id}", video)
        except (StoreUnavailable, OSError) as error:
            self._postpone(job.id, error)
            return
        self._not_before_s.pop(job.id, None)
        self._runs[job.id] = run
        self._schedule(run)

    def _postpone(self, job_id: str, error: Exception) -> None:
        """Begin a job again later, with what exists of it then."""
        _LOG.warning("job %s could not go on; trying again: %s", job_id, error)
        self._not_before_s[job_id] = self._clock() + RETRY_AFTER_S
        if run := self._runs.pop(job_id, None):
            self._leave_stage(run)

    def _schedule(self, run: JobRun) -> None:
        """Let the scheduler know the current stage of a job; if all of it is done, merge."""
        if run.is_complete:
            self._side_work.start(run.job, run.merge)
            return
        self._stages[run.id] = run
        self._scheduler.add_job(*run.scheduled())

    def _leave_stage(self, run: JobRun) -> None:
        """Stop the attempts of the current stage."""
        self._stages.pop(run.id, None)
        for attempt in self._scheduler.end_job(run.id):
            self._attempts.stop(attempt)

    def _end(self, run: JobRun) -> None:
        """A job has ended: free its workers, and delete what it does not need any more."""
        self._leave_stage(run)
        del self._runs[run.job.id]
        self._not_before_s.pop(run.job.id, None)
        run.job.delete_work_files()
        self._side_work.start(run.job, run.delete_objects)

    def _fail(self, job: SpooledJob, reason: str) -> None:
        """End a job without results. If the reason cannot be written, the job begins again later."""
        try:
            job.fail(reason)
        except OSError as error:
            self._postpone(job.id, error)
        else:
            if run := self._runs.get(job.id):
                self._end(run)

    def _fail_jobs(self, failed: list[FailedJob]) -> None:
        for each in failed:
            run = self._stages.get(each.job_id)
            for attempt in each.stop:
                self._attempts.stop(attempt)
            if run is not None:
                rules = self._scheduler.rules
                crashed, lost = CRASHED.format(count=rules.max_crashes), LOST.format(count=rules.max_losses)
                self._fail(run.job, crashed if each.cause == "crashed" else lost)

    def _finish_side_work(self) -> None:
        for job, error in self._side_work.ended():
            run = self._runs.get(job.id)
            if job.state != "queued":
                self._after_end(job, run, error)
            elif isinstance(error, StoreUnavailable):
                self._postpone(job.id, error)
            elif error is not None:
                self._fail(job, reason_of(job.id, error))
            elif run is None:
                self._begin(job)

    def _after_end(self, job: SpooledJob, run: JobRun | None, error: Exception | None) -> None:
        """Work beside has ended, and so has its job: it was put together or canceled, or its objects were deleted."""
        if run is not None:
            self._end(run)
            return
        job.delete_work_files()
        if error is not None:
            _LOG.warning("files of job %s are left for later: %s", job.id, error)

    # Steps

    def _assign(self) -> None:
        now_s = self._clock()
        for attempt in self._scheduler.to_stop(now_s):
            self._nodes.ask(attempt.worker_id, attempt.id, "hand back")
        for assignment in self._scheduler.assign(now_s):
            attempt = assignment.attempt
            run = self._stages[attempt.job_id]
            begin(run.job)
            self._attempts.start(attempt, run.step(attempt.piece, attempt.id))

    def _handle(self, event: Ended) -> None:
        attempt, answer, now_s = self._attempts.end(event.attempt_id), event.answer, self._clock()
        if attempt is None:
            return
        run = self._stages.get(attempt.job_id)
        if answer.kind in ("written", "planned"):
            self._count(attempt, answer, run, now_s)
        else:
            self._scheduler.stopped(attempt.id, now_s)
            if run is not None:
                self._go_on_without_result(run, answer)
        if not answer.is_worker_fit:
            self._nodes.kill(attempt.worker_id)
            self._scheduler.remove_worker(attempt.worker_id, "lost")

    def _go_on_without_result(self, run: JobRun, answer: Answer) -> None:
        if answer.kind == "damage reported":
            self._leave_stage(run)
            run.must_find_damage()
            self._schedule(run)
        elif answer.kind == "unavailable":
            run.unavailable += 1
        if answer.kind == "failed" or run.unavailable > MAX_UNAVAILABLE:
            self._fail(run.job, answer.reason)

    def _count(self, attempt: Attempt, answer: Answer, run: JobRun | None, now_s: float) -> None:
        rest_s = run.rest_s(attempt.piece, answer) if run is not None and answer.stops else []
        outcome = self._scheduler.finished(attempt.id, now_s, rest_s)
        if run is None or not outcome.is_counted:
            return
        for other in outcome.stop:
            self._attempts.stop(other)
        if answer.kind == "written":
            run.count(attempt.piece, attempt.id, answer, outcome.added)
        if outcome.is_job_done:
            del self._stages[attempt.job_id]
            try:
                if answer.kind == "planned":
                    run.planned()
            except (StoreUnavailable, OSError) as error:
                self._postpone(run.job.id, error)
            else:
                self._schedule(run)

    def _report_progress(self) -> None:
        """Report what is finished, also of the pieces that are being analyzed."""
        running: dict[str, dict[int, int]] = {}
        for attempt, state in self._attempts.states():
            entries = running.setdefault(attempt.job_id, {})
            entries[attempt.piece] = max(entries.get(attempt.piece, 0), state.entries)
        for stage, run in list(self._stages.items()):
            with suppress(JobCancelled, OSError):  # the first is found and ended in the next turn
                run.report(running.get(stage, {}))

    def _enforce_limits(self) -> None:
        """End the workers whose step exceeds a time limit or does not stop."""
        for attempt, reason in self._attempts.over_limit():
            _LOG.warning("worker %s does not stop; ending it: %s", attempt.worker_id, reason)
            self._nodes.kill(attempt.worker_id)
            self._attempts.forget_worker(attempt.worker_id)
            run = self._stages.get(attempt.job_id)
            if run is not None and reason:
                self._fail(run.job, reason)
            self._fail_jobs(self._scheduler.remove_worker(attempt.worker_id, "lost"))
