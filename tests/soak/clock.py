"""The system clock is set while a dashboard and its engine run, and daylight saving time begins and ends.

    python -m tests.soak.clock [jumps dst]

libfaketime sets the clock of all processes of a dashboard, but not the clocks that only run, as on a real machine. It
lets sleeps fail over a change of daylight saving time, so for that the rules of the zone are made instead.
`jumps`: forward by an hour, back by two and forward by one, beside a service that allows a status call a minute.
`dst`: a job runs over a change of two time zones. Counts must be those of an undisturbed job, the service is called
at most and about once a minute, and no duration is negative or an hour too long.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from components.jobs.job_times import times
from frametally.clock import utc_now
from frametally.config.settings import Settings
from frametally.contract import STATUS_FLOOR_S
from frametally.deployment import Deployment, open_deployment
from frametally.job import EMBEDDED, Job, JobStatus, RunRequest
from frametally.sample import MODEL
from tests.crash import four_dashboards
from tests.crash.four_dashboards import KEY, SLOWEST_S, Service, serving
from tests.crash.random_kills import INFER_FPS, fingerprint
from tests.support.dashboards import ROOT, Dashboard, starting_dashboards
from tests.support.polling import until
from tests.support.sample_excerpt import write_excerpt

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
HOUR_S = 3600.0
JUMPS = ((10.0, HOUR_S), (75.0, -HOUR_S), (90.0, 0.0))
"""When the clock is set, in seconds from the start of the jobs, and to what distance from the real time."""
STATUS_CALLS = 3
"""For each job: two intervals, of which the first contains a jump forward and the second one back."""
LATEST_S = STATUS_FLOOR_S + 2 * SLOWEST_S + 10
"""Between two status calls: the answer of the service, and a watcher that looks every second."""
ZONES = ((("CET", "CEST", 1), "begins"), (("EST", "EDT", -5), "ends"))
"""Zones like Europe/Berlin and America/New_York, and the change that a job runs over."""
CHANGE_AFTER_S = 90.0
"""From the start of a dashboard: it has to be up, and an undisturbed job done."""
BEFORE_S = 3.0
"""How long before the change a job starts; it runs for longer."""


@dataclass
class SetClock:
    """The clock of a dashboard, at a distance from the real one."""

    file: Path
    distance_s: float = 0.0

    def set(self, distance_s: float) -> None:
        self.distance_s = distance_s
        draft = self.file.with_suffix(".next")
        draft.write_text(f"{distance_s:+.3f}\n")
        draft.replace(self.file)

    def __call__(self) -> datetime:
        return utc_now() + timedelta(seconds=self.distance_s)

    @property
    def env(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_NO_CACHE": "1",
        }


@contextmanager
def world(folder: Path, *, is_set: bool, **settings: str) -> Iterator[tuple[Dashboard, Deployment, SetClock]]:
    """A dashboard with a clock of its own if `is_set`, and its data as a person with the same clock sees it."""
    clock = SetClock(folder / "clock")
    clock.set(0.0)
    with starting_dashboards(folder) as start:
        models = {"FRAMETALLY_MODELS_DIR": str(ROOT / "demo" / "models")}
        dashboard = start(**(clock.env if is_set else {}), **models, **settings)
        own = {"FRAMETALLY_DATA_DIR": str(dashboard.data_dir), **models}
        deployment = open_deployment(Settings.read(own, {}), lambda: dashboard.url)
        workflow = replace(deployment.workflow, clock=clock, clock_guard=None)
        try:
            yield dashboard, replace(deployment, workflow=workflow), clock
        finally:
            deployment.ledger.close()


def submit(deployment: Deployment, clip: Path, service: str, key_id: str) -> Job:
    video = deployment.library.add(clip, actor=None)
    request = RunRequest(
        service=service,
        key_id=key_id,
        video_name=clip.name,
        video_sha256=video.sha256,
        models=(MODEL,),
        infer_fps=INFER_FPS,
    )
    return deployment.workflow.submit(request, actor=None)


def ended(deployment: Deployment, jobs: list[Job], limit_s: float) -> list[Job]:
    def all_ended() -> list[Job]:
        found = [deployment.ledger.job(job.id) for job in jobs]
        return [] if any(job.status.is_open for job in found) else found

    found: list[Job] = until(all_ended, limit_s=limit_s, poll_s=0.2)
    return found


def wrong_durations(jobs: list[Job], now: datetime) -> list[str]:
    """What the list of jobs shows of their times, without their age, where it is an hour or more."""
    shown = [times(job, now).partition("·")[2] for job in jobs]
    return [text for text in shown if "-" in text or " h" in text or "day" in text]


def jumps(folder: Path) -> bool:
    with serving() as service, pytest.MonkeyPatch.context() as patch:
        patch.setattr(four_dashboards, "DONE_AT_CALL", STATUS_CALLS)
        hosted = {"FRAMETALLY_API_URL": service.url, "ROBOFLOW_API_KEY": KEY}
        with world(folder, is_set=True, **hosted) as (_, deployment, clock):
            write_excerpt(folder / "excerpt.mp4")
            key_id = deployment.clients.remember(service.url, KEY)
            clip = folder / "excerpt.mp4"
            reference = submit(deployment, clip, EMBEDDED, "")
            ended(deployment, [reference], 120)
            jobs = [submit(deployment, clip, service.url, key_id) for _ in range(2)]
            started_s, faults = time.monotonic(), []
            for at_s, distance_s in JUMPS:
                time.sleep(max(0.0, started_s + at_s - 2 - time.monotonic()))
                jobs.append(submit(deployment, clip, EMBEDDED, ""))
                time.sleep(max(0.0, started_s + at_s - time.monotonic()))
                clock.set(distance_s)
                time.sleep(5)
                now = [deployment.ledger.job(job.id) for job in jobs]
                faults += wrong_durations(now, clock())
                print(
                    f"clock at {distance_s:+.0f} s:",
                    *(f"{job.status.value} {times(job, clock())};" for job in now),
                    flush=True,
                )
            jobs = ended(deployment, jobs, 330)
            faults += wrong_durations(jobs, clock())
            return judged("jumps", deployment, [reference, *jobs], service, faults)


def zone_with_change(names: tuple[str, str, int], way: str, change: datetime) -> str:
    """A time zone, in the form of POSIX, whose daylight saving time begins or ends at this moment."""
    standard, summer, hours = names
    local = change + timedelta(hours=hours + (way == "ends"))  # each change is given in the time before it
    day = local.timetuple().tm_yday
    this, other = f"{day - 1}/{local:%H:%M:%S}", str((day + 180) % 365)
    rules = (this, other) if way == "begins" else (other, this)
    return f"{standard}{-hours}{summer},{','.join(rules)}"


def daylight_saving(folder: Path) -> bool:
    is_good = True
    for names, way in ZONES:
        own = folder / names[0]
        own.mkdir()
        write_excerpt(own / "excerpt.mp4")
        change = utc_now() + timedelta(seconds=CHANGE_AFTER_S)
        with world(own, is_set=False, TZ=zone_with_change(names, way, change)) as (_, deployment, _clock):
            reference = submit(deployment, own / "excerpt.mp4", EMBEDDED, "")
            ended(deployment, [reference], 120)
            time.sleep(max(0.0, (change - utc_now()).total_seconds() - BEFORE_S))
            job = submit(deployment, own / "excerpt.mp4", EMBEDDED, "")
            jobs = ended(deployment, [job], 120)
            is_crossed = job.created_at < change < utc_now()
            faults = [
                *wrong_durations(jobs, utc_now()),
                *([] if is_crossed else ["the job did not run over the change"]),
            ]
            is_good &= judged(f"dst_{names[0]}_{way}", deployment, [reference, *jobs], None, faults)
    return is_good


def judged(name: str, deployment: Deployment, jobs: list[Job], service: Service | None, faults: list[str]) -> bool:
    """Print the figures of a part; whether they are as they must be. The first job ran undisturbed."""
    here = [deployment.ledger.job(job.id) for job in jobs if job.service == EMBEDDED]
    counted = {fingerprint(deployment.settings.results_dir / job.id) for job in here if job.status.is_open is False}
    asked = service.asked_at_s.values() if service else ()
    gaps_s = [later - earlier for calls in asked for earlier, later in pairwise(calls)]
    figures = {
        "jobs": len(jobs),
        "not_succeeded": sum(deployment.ledger.job(job.id).status is not JobStatus.SUCCEEDED for job in jobs),
        "different_counts": len(counted) - 1,
        "status_calls": sum(len(calls) for calls in asked),
        "shortest_gap_s": round(min(gaps_s, default=STATUS_FLOOR_S), 2),
        "longest_gap_s": round(max(gaps_s, default=STATUS_FLOOR_S), 2),
        "wrong_durations": len(faults),
    }
    for key, value in figures.items():
        print(f"figure clock_{name}_{key} {value}", flush=True)
    print(*faults, sep="\n", flush=True)
    is_paced = figures["shortest_gap_s"] >= STATUS_FLOOR_S and figures["longest_gap_s"] <= LATEST_S
    return is_paced and not (figures["not_succeeded"] or figures["different_counts"] or faults)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=["jumps", "dst"])
    options = parser.parse_args()
    if LIBRARY is None:
        print("Skipped: libfaketime is not installed (apt-get install faketime).")
        return 0
    is_good = True
    for part in options.parts:
        with tempfile.TemporaryDirectory() as folder:
            is_good &= {"jumps": jumps, "dst": daylight_saving}[part](Path(folder))
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
