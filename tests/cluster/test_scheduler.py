"""Decisions of the scheduler of a cluster: which piece runs where."""

from __future__ import annotations

import pytest

from frametally.cluster.scheduler import Scheduler
from frametally.cluster.scheduling.terms import Assignment, JobSpec, Resources, WorkerSpec

GPU = Resources(gpus=1.0, cpus=2.0)


def a_scheduler(workers: int = 1, **spec: int) -> Scheduler:
    scheduler = Scheduler()
    for number in range(workers):
        scheduler.add_worker(WorkerSpec(f"worker {number}", **spec))  # type: ignore[arg-type]
    return scheduler


def a_job(name: str, pieces: int = 100, piece_s: float = 5.0, models: str = "cars/1", **spec: object) -> JobSpec:
    return JobSpec(name, models, [piece_s] * pieces, **spec)  # type: ignore[arg-type]


def served(decided: list[Assignment]) -> list[tuple[str, int]]:
    return [(assignment.attempt.job_id, assignment.attempt.piece) for assignment in decided]


def run(scheduler: Scheduler, seconds: float, piece_s: float = 5.0) -> list[tuple[str, int]]:
    """Run workers that take `piece_s` for each piece and start together; returns what was served, in order."""
    order, now_s = [], 0.0
    running = scheduler.assign(now_s)
    while now_s < seconds:
        order += served(running)
        now_s += piece_s
        for assignment in running:
            scheduler.finished(assignment.attempt.id, now_s)
        running = scheduler.assign(now_s)
    return order


def test_the_pieces_of_a_job_start_in_order_on_all_workers() -> None:
    scheduler = a_scheduler(workers=3)
    scheduler.add_job(a_job("a", pieces=4))
    decided = scheduler.assign(0.0)
    assert served(decided) == [("a", 0), ("a", 1), ("a", 2)]
    assert len({assignment.attempt.worker_id for assignment in decided}) == 3
    scheduler.finished(decided[1].attempt.id, 5.0)
    assert served(scheduler.assign(5.0)) == [("a", 3)]


def test_a_job_is_done_with_its_last_piece() -> None:
    scheduler = a_scheduler(workers=2)
    scheduler.add_job(a_job("a", pieces=2))
    first, second = scheduler.assign(0.0)
    assert not scheduler.finished(second.attempt.id, 5.0).is_job_done
    assert scheduler.finished(first.attempt.id, 5.0).is_job_done
    assert scheduler.assign(5.0) == []


def test_a_new_job_is_served_by_the_next_free_worker() -> None:
    """Also behind a long job, whose models the worker has loaded, and before other jobs that had service."""
    scheduler = a_scheduler(workers=2, model_sets=1)
    scheduler.add_job(a_job("ten hours", pieces=7200))
    scheduler.add_job(a_job("another", pieces=7200))
    running = scheduler.assign(0.0)
    for now_s in range(5, 105, 5):
        for assignment in running:
            scheduler.finished(assignment.attempt.id, now_s)
        running = scheduler.assign(now_s)
    scheduler.add_job(a_job("one minute", pieces=12, models="birds/1"))
    scheduler.finished(running[0].attempt.id, 102.0)
    assert served(scheduler.assign(102.0)) == [("one minute", 0)]


def test_jobs_share_the_workers_equally_whatever_their_length() -> None:
    scheduler = a_scheduler(workers=4)
    for name, pieces in [("long", 7200), ("longer", 72000), ("short", 100)]:
        scheduler.add_job(a_job(name, pieces))
    names = [name for name, _ in run(scheduler, 300.0)]
    assert [names.count(name) for name in ("long", "longer", "short")] == [80, 80, 80]


def test_a_stream_of_short_jobs_takes_only_its_share_from_a_long_one() -> None:
    scheduler = a_scheduler()
    scheduler.add_job(a_job("long", pieces=1000))
    names: list[str] = []
    for step in range(400):
        if step == 0 or names[-1] != "long":
            scheduler.add_job(a_job(f"short {step}", pieces=1))
        (assignment,) = scheduler.assign(5.0 * step)
        names.append(assignment.attempt.job_id)
        scheduler.finished(assignment.attempt.id, 5.0 * step + 5)
    assert names.count("long") >= 0.35 * len(names)


def test_pieces_that_take_longer_than_expected_are_charged_to_their_job() -> None:
    scheduler = a_scheduler()
    scheduler.add_job(a_job("honest", pieces=1000))
    scheduler.add_job(a_job("ten times as long", pieces=1000))
    service_s = {"honest": 0.0, "ten times as long": 0.0}
    now_s = 0.0
    while now_s < 3000:
        (assignment,) = scheduler.assign(now_s)
        takes_s = 5.0 if assignment.attempt.job_id == "honest" else 50.0
        now_s += takes_s
        service_s[assignment.attempt.job_id] += takes_s
        scheduler.finished(assignment.attempt.id, now_s)
    assert service_s["honest"] == pytest.approx(service_s["ten times as long"], abs=100.0)


def test_a_worker_goes_on_with_loaded_models() -> None:
    """Two jobs with different models on workers that hold one: each job keeps its worker."""
    scheduler = a_scheduler(workers=2, model_sets=1)
    scheduler.add_job(a_job("a", models="cars/1"))
    scheduler.add_job(a_job("b", models="birds/1"))
    loads, running = 0, scheduler.assign(0.0)
    for step in range(1, 61):
        loads += sum(not assignment.is_warm for assignment in running)
        for offset, assignment in enumerate(running):
            scheduler.finished(assignment.attempt.id, 5.0 * step + offset)
            running[offset] = scheduler.assign(5.0 * step + offset)[0]
    assert loads == 2


def test_a_worker_unloads_the_models_it_used_least_recently() -> None:
    scheduler = a_scheduler(model_sets=2)
    seen = []
    for number, models in enumerate(["a", "b", "a", "c", "a", "b"]):
        scheduler.add_job(a_job(f"job {number}", pieces=1, models=models))
        (assignment,) = scheduler.assign(10.0 * number)
        seen.append((assignment.is_warm, assignment.unload))
        scheduler.finished(assignment.attempt.id, 10.0 * number + 5)
    assert seen == [(False, ()), (False, ()), (True, ()), (False, ("b",)), (True, ()), (False, ("c",))]


def test_models_in_use_stay_loaded() -> None:
    scheduler = a_scheduler(slots=2, model_sets=2)
    scheduler.add_job(a_job("a", pieces=1, models="a"))
    scheduler.add_job(a_job("b", pieces=1, models="b"))
    _, second = scheduler.assign(0.0)
    scheduler.finished(second.attempt.id, 5.0)
    scheduler.add_job(a_job("c", pieces=1, models="c"))
    assert scheduler.assign(5.0)[0].unload == ("b",)


def test_a_free_worker_that_has_the_models_is_preferred() -> None:
    scheduler = a_scheduler(workers=3)
    scheduler.add_job(a_job("first", pieces=1))
    (first,) = scheduler.assign(0.0)
    scheduler.finished(first.attempt.id, 5.0)
    scheduler.add_job(a_job("second", pieces=1))
    (second,) = scheduler.assign(5.0)
    assert second.is_warm
    assert second.attempt.worker_id == first.attempt.worker_id


def test_few_pieces_wait_for_one_of_many_workers_that_have_their_models() -> None:
    scheduler = a_scheduler(workers=10, model_sets=1)
    scheduler.add_job(a_job("a", pieces=10))
    running = scheduler.assign(0.0)
    scheduler.finished(running[0].attempt.id, 5.0)
    scheduler.add_job(a_job("other models", pieces=1, models="birds/1"))
    (other,) = scheduler.assign(5.0)
    for number, name in [(1, "b"), (2, "c")]:
        scheduler.finished(running[number].attempt.id, 6.0)
        scheduler.add_job(a_job(name, pieces=2))
        assert served(scheduler.assign(6.0)) == [(name, 0)]
    scheduler.finished(other.attempt.id, 7.0)
    assert scheduler.assign(7.0) == []
    scheduler.finished(running[3].attempt.id, 7.1)
    warm, cold = scheduler.assign(7.1)
    assert (warm.is_warm, warm.attempt.worker_id) == (True, running[3].attempt.worker_id)
    assert (cold.is_warm, cold.attempt.worker_id) == (False, other.attempt.worker_id), "no other job waits any more"


def test_a_piece_gets_a_worker_with_what_it_needs() -> None:
    scheduler = a_scheduler(workers=1)
    scheduler.add_job(a_job("large", pieces=1, need=Resources(memory_bytes=1 << 33)))
    scheduler.add_job(a_job("small", pieces=1))
    assert served(scheduler.assign(0.0)) == [("small", 0)]
    assert scheduler.waiting_s == {Resources(memory_bytes=1 << 33): 5.0}
    scheduler.add_worker(WorkerSpec("large", Resources(memory_bytes=1 << 34)))
    assert [assignment.attempt.worker_id for assignment in scheduler.assign(0.0)] == ["large"]
    assert scheduler.waiting_s == {}


def test_the_number_of_wanted_slots_follows_what_runs_and_waits() -> None:
    scheduler = a_scheduler(workers=2)
    assert scheduler.wanted_slots() == {}
    scheduler.add_job(a_job("ten minutes", pieces=120))
    scheduler.add_job(a_job("one piece of an hour", pieces=1, piece_s=3600.0, need=GPU, can_stop=False))
    scheduler.assign(0.0)
    assert scheduler.wanted_slots(within_s=60.0) == {Resources(): 2 + 10, GPU: 1}
    scheduler.end_job("ten minutes")
    assert scheduler.wanted_slots() == {Resources(): 2, GPU: 1}


def test_a_gpu_serves_pieces_that_need_one_first_and_others_if_it_is_idle() -> None:
    scheduler = a_scheduler(workers=1)
    scheduler.add_worker(WorkerSpec("gpu", Resources(gpus=1.0, cpus=4.0)))
    scheduler.add_job(a_job("cpu", pieces=10))
    scheduler.add_job(a_job("gpu", pieces=1, need=GPU))
    decided = scheduler.assign(0.0)
    assert {(a.attempt.job_id, a.attempt.worker_id) for a in decided} == {("gpu", "gpu"), ("cpu", "worker 0")}
    scheduler.finished(decided[0].attempt.id, 1.0)
    assert served(scheduler.assign(1.0)) == [("cpu", 1)]


def test_a_busy_gpu_does_not_move_back_the_jobs_that_wait_for_other_workers() -> None:
    scheduler = a_scheduler(workers=1)
    scheduler.add_worker(WorkerSpec("gpu", GPU))
    scheduler.add_job(a_job("gpu", pieces=1000, need=GPU))
    scheduler.add_job(a_job("first", pieces=1000, need=Resources(cpus=1.0)))
    for now_s in range(0, 500, 5):
        for assignment in scheduler.assign(now_s):
            scheduler.finished(assignment.attempt.id, now_s + 5)
    scheduler.add_job(a_job("second", pieces=1000))
    names = [assignment.attempt.job_id for _ in range(100) for assignment in one_step(scheduler)]
    assert set(names[:12]) == {"second"}
    assert names[24:].count("second") == 38


def one_step(scheduler: Scheduler) -> list[Assignment]:
    """Serve the worker without a GPU once, while that with one is busy."""
    decided = scheduler.assign(1000.0)
    for assignment in decided:
        if assignment.attempt.worker_id != "gpu":
            scheduler.finished(assignment.attempt.id, 1005.0)
    return [assignment for assignment in decided if assignment.attempt.worker_id != "gpu"]


def test_long_pieces_that_cannot_stop_leave_a_worker_to_others() -> None:
    scheduler = a_scheduler(workers=8)
    for number in range(10):
        scheduler.add_job(a_job(f"whole {number}", pieces=1, piece_s=3600.0, can_stop=False))
    assert len(scheduler.assign(0.0)) == 7
    scheduler.add_job(a_job("short", pieces=3))
    assert served(scheduler.assign(1.0)) == [("short", 0)]
    scheduler.add_job(a_job("whole but short", pieces=1, piece_s=20.0, can_stop=False))
    assert scheduler.assign(2.0) == []


def test_one_worker_runs_a_long_piece() -> None:
    scheduler = a_scheduler()
    scheduler.add_job(a_job("whole", pieces=1, piece_s=3600.0, can_stop=False))
    assert served(scheduler.assign(0.0)) == [("whole", 0)]


def test_a_long_piece_whose_worker_is_lost_starts_again() -> None:
    scheduler = a_scheduler(workers=2)
    scheduler.add_job(a_job("whole", pieces=1, piece_s=3600.0, can_stop=False))
    for number in range(5):
        (assignment,) = scheduler.assign(float(number))
        scheduler.remove_worker(assignment.attempt.worker_id, "lost")
        scheduler.add_worker(WorkerSpec(f"in its place {number}"))
    assert served(scheduler.assign(5.0)) == [("whole", 0)]


def test_a_canceled_job_gives_no_pieces_and_names_what_runs() -> None:
    scheduler = a_scheduler(workers=2)
    scheduler.add_job(a_job("a"))
    scheduler.add_job(a_job("b"))
    (first, second) = scheduler.assign(0.0)
    assert scheduler.end_job("a") == (first.attempt,)
    scheduler.stopped(first.attempt.id, 0.5)
    assert served(scheduler.assign(0.5)) == [("b", 1)]
    assert not scheduler.finished(first.attempt.id, 1.0).is_counted
    assert scheduler.end_job("a") == ()
    scheduler.finished(second.attempt.id, 5.0)
    assert served(scheduler.assign(5.0)) == [("b", 2)]


def test_the_pieces_of_a_lost_worker_wait_again_before_later_ones() -> None:
    scheduler = a_scheduler(workers=2)
    scheduler.add_job(a_job("a"))
    first, second = scheduler.assign(0.0)
    assert scheduler.remove_worker(first.attempt.worker_id, "lost") == []
    scheduler.finished(second.attempt.id, 5.0)
    assert served(scheduler.assign(5.0)) == [("a", 0)]
    assert not scheduler.finished(first.attempt.id, 6.0).is_counted


@pytest.mark.parametrize(("cause", "limit"), [("crashed", 3), ("lost", 10)])
def test_a_piece_that_takes_too_many_workers_with_it_fails_its_job_only(cause: str, limit: int) -> None:
    scheduler = a_scheduler(workers=20)
    scheduler.add_job(a_job("bad", pieces=2))
    scheduler.add_job(a_job("good", pieces=3))
    decided = scheduler.assign(0.0)
    ends = []
    for _ in range(limit):
        (attempt,) = [a.attempt for a in decided if (a.attempt.job_id, a.attempt.piece) == ("bad", 0)]
        ends.append(scheduler.remove_worker(attempt.worker_id, cause))  # type: ignore[arg-type]
        decided = [a for a in decided if a.attempt != attempt] + scheduler.assign(1.0)
    assert [len(failed) for failed in ends] == [0] * (limit - 1) + [1]
    (failure,) = ends[-1]
    assert (failure.job_id, failure.piece, failure.cause) == ("bad", 0, cause)
    assert [attempt.piece for attempt in failure.stop] == [1]
    outcomes = [scheduler.finished(a.attempt.id, 5.0) for a in decided if a.attempt.job_id == "good"]
    assert [outcome.is_job_done for outcome in outcomes] == [False, False, True]


def test_an_idle_worker_runs_an_overdue_piece_again_and_the_first_result_counts() -> None:
    scheduler = a_scheduler(workers=2)
    scheduler.add_job(a_job("a", pieces=2))
    first, second = scheduler.assign(0.0)
    scheduler.finished(first.attempt.id, 5.0)
    assert scheduler.assign(11.9) == []
    (again,) = scheduler.assign(12.1)
    assert again.is_duplicate
    assert again.attempt.piece == second.attempt.piece
    assert scheduler.assign(60.0) == []
    outcome = scheduler.finished(again.attempt.id, 17.0)
    assert (outcome.is_counted, outcome.is_job_done, outcome.stop) == (True, True, (second.attempt,))
    assert not scheduler.finished(second.attempt.id, 17.5).is_counted


def test_an_overdue_piece_that_finds_no_worker_does_not_hold_up_others() -> None:
    scheduler = a_scheduler(workers=16)
    for number in range(14):
        scheduler.add_job(a_job(f"whole {number}", pieces=1, piece_s=40.0, can_stop=False))
    assert len(scheduler.assign(0.0)) == 14, "no more workers take long pieces"
    scheduler.add_job(a_job("stalls", pieces=1))
    (stalls,) = scheduler.assign(80.0)
    assert scheduler.assign(90.0) == []
    (again,) = scheduler.assign(100.0)
    assert (again.attempt.job_id, again.is_duplicate) == (stalls.attempt.job_id, True)


def test_a_piece_with_two_attempts_survives_the_loss_of_one() -> None:
    scheduler = a_scheduler(workers=2)
    scheduler.add_job(a_job("a", pieces=1))
    (first,) = scheduler.assign(0.0)
    (again,) = scheduler.assign(20.0)
    scheduler.remove_worker(first.attempt.worker_id, "crashed")
    assert scheduler.assign(21.0) == []
    assert scheduler.finished(again.attempt.id, 25.0).is_job_done


def test_a_piece_that_runs_long_is_asked_to_stop_for_a_job_without_a_worker() -> None:
    scheduler = a_scheduler()
    scheduler.add_job(a_job("slow", pieces=1))
    (slow,) = scheduler.assign(0.0)
    assert scheduler.to_stop(60.0) == []
    scheduler.add_job(a_job("waits", pieces=1))
    assert scheduler.to_stop(2.9) == []
    assert scheduler.to_stop(61.0) == [slow.attempt]
    assert scheduler.to_stop(62.0) == []
    outcome = scheduler.finished(slow.attempt.id, 62.0, rest_s=[5.0, 5.0])
    assert (outcome.is_counted, outcome.is_job_done, outcome.added) == (True, False, range(1, 3))
    assert served(scheduler.assign(62.0)) == [("waits", 0)]


def test_done_pieces_are_not_run_again_after_a_restart() -> None:
    scheduler = a_scheduler(workers=3)
    scheduler.add_job(a_job("a", pieces=4), done={0, 2})
    decided = scheduler.assign(0.0)
    assert served(decided) == [("a", 1), ("a", 3)]
    assert [scheduler.finished(a.attempt.id, 5.0).is_job_done for a in decided] == [False, True]
    with pytest.raises(ValueError, match="nothing to do"):
        scheduler.add_job(a_job("b", pieces=1), done={0})
