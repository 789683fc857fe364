"""Kill dashboards and engines at random moments while five jobs run; every job must end once, with right results.

    python -m tests.crash.random_kills [--database sqlite|postgresql] [--kills 25] [--seed 1] [--jobs 5]

Two dashboards (`streamlit run app.py`) share a data folder and a ledger; `frametally engine` serves as a hosted service
behind a proxy that counts status calls. A browser uploads the video of each job in pieces and resumes after a kill. The
jobs alternate between the built-in engine and the service. One kill in four hits a server that is still starting. With
PostgreSQL, its server is restarted twice during the kills, once as by its operator and once as after a crash.
Then the servers run undisturbed until all jobs have ended. A job whose start a kill left unknown is refreshed, as its
message asks for.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import requests
from sqlalchemy.exc import SQLAlchemyError

from frametally.config.settings import Settings
from frametally.contract import STATUS_FLOOR_S
from frametally.deployment import Deployment, open_deployment
from frametally.job import EMBEDDED, Job, JobStatus, RunRequest
from frametally.ledger.events import EventKind
from frametally.results import open_results
from frametally.sample import CLIP, MODEL
from frametally.storage.atomic import PART_SUFFIX
from tests.support.counting_proxy import CountingProxy, counting
from tests.support.killed_processes import Server
from tests.support.ports import reserved_port
from tests.support.postgresql import serving_postgresql
from tests.support.restarted_postgresql import RestartedPostgresql
from tests.support.sample_excerpt import write_excerpt
from tests.support.source_tree import ROOT

ENGINE_KEY = "kills-engine-key"
INFER_FPS = 4.0
PIECE_BYTES = 200_000
MAX_S = 300.0
"""From the last kill until every job has ended: a lease, and then three status calls at most."""
ORPHANS_WITHIN_S = 30.0
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}


class World:
    """The servers, and the ledger as a person sees it."""

    def __init__(self, folder: Path, database_url: str, ports: list[int], proxy_url: str, chance: random.Random):
        self.folder, self.chance = folder, chance
        own = {
            "FRAMETALLY_DATA_DIR": str(folder / "data"),
            "FRAMETALLY_MODELS_DIR": str(ROOT / "demo" / "models"),
            "PYTHONPATH": str(ROOT),
        }
        foreign = {name: text for name, text in os.environ.items() if not name.startswith(("FRAMETALLY_", "ROBO"))}
        hosted = {"FRAMETALLY_API_URL": proxy_url, "ROBOFLOW_API_KEY": ENGINE_KEY}
        settings = {"FRAMETALLY_DATABASE_URL": database_url, **own, **hosted}
        engine_data = {"FRAMETALLY_DATA_DIR": str(folder / "service"), "FRAMETALLY_ENGINE_KEY": ENGINE_KEY}
        python = [sys.executable, "-m"]
        streamlit = [*python, "streamlit", "run", "app.py", "--server.address", "127.0.0.1", "--server.port"]
        self.dashboards = [
            Server(f"dashboard {n}", _at(port), [*streamlit, str(port)], foreign | settings, folder / f"{n}.log")
            for n, port in enumerate(ports[:2])
        ]
        engine = [*python, "frametally", "engine", "--port", str(ports[2])]
        env = foreign | own | engine_data
        self.service = Server("engine", _at(ports[2]), engine, env, folder / "engine.log")
        self.settings = Settings.read(settings, {})
        self.proxy_url = proxy_url

    @property
    def servers(self) -> list[Server]:
        return [*self.dashboards, self.service]

    @contextmanager
    def running(self) -> Iterator[Deployment]:
        """All servers, and a deployment that a person acts through."""
        for each in self.servers:
            each.start()
        try:
            assert all(each.wait() for each in self.servers), "a server did not start"
            deployment = open_deployment(self.settings, lambda: self.dashboards[0].url)
            deployment.clients.remember(self.proxy_url, ENGINE_KEY)
            yield deployment
            deployment.ledger.close()
        finally:
            for each in self.servers:
                each.stop()

    def kill_one(self) -> str:
        """Kill a server at a random moment, and start it again."""
        victim = self.chance.choice([*self.dashboards, *self.dashboards, self.service])
        is_early = self.chance.random() < 0.25
        if not is_early:
            victim.wait()
        time.sleep(self.chance.uniform(0, 2.0 if is_early else 4.0))
        victim.kill()
        victim.start()
        return f"{victim.name}{' during its start' if is_early else ''}"


def _at(port: int) -> str:
    return f"http://127.0.0.1:{port}"


class Browser:
    """One video on its way to a dashboard, in pieces; after a kill it goes on where the server is."""

    def __init__(self, video: bytes, name: str) -> None:
        self._video, self._name = video, name
        self._location = ""
        self.sha256 = ""

    def bring(self, deployment: Deployment, dashboard: Server) -> bool:
        """Send pieces until all are there (true), or the server is gone (false)."""
        with suppress(requests.RequestException):
            if not self._location:
                self._location = self._begin(deployment, dashboard)
            at = f"{dashboard.url}/frametally/uploads/{self._location}"
            while not self.sha256:
                here = requests.head(at, headers=TUS, timeout=20)
                if here.status_code >= 500:
                    return False
                assert here.ok, f"upload {here.status_code} {here.text}"
                self._send_piece(at, int(here.headers["Upload-Offset"]))
        return bool(self.sha256)

    def _begin(self, deployment: Deployment, dashboard: Server) -> str:
        headers = {
            **TUS,
            "Authorization": f"Bearer {deployment.tickets.for_upload()}",
            "Upload-Length": str(len(self._video)),
            "Upload-Metadata": "filename c2FtcGxlLm1wNA==",
        }
        made = requests.post(f"{dashboard.url}/frametally/uploads/", headers=headers, timeout=20)
        made.raise_for_status()
        return made.headers["Location"].rpartition("/")[2]

    def _send_piece(self, at: str, offset: int) -> None:
        piece = self._video[offset : offset + PIECE_BYTES]
        became = requests.patch(at, data=piece, headers={**PIECE, "Upload-Offset": str(offset)}, timeout=60)
        self.sha256 = became.headers.get("Frametally-Video", "")


def videos(folder: Path, count: int) -> list[bytes]:
    """Copies of a clip that differ in a box without content, so that each is a video of its own."""
    write_excerpt(folder / "excerpt.mp4")
    clip = (folder / "excerpt.mp4").read_bytes()
    return [clip + b"\0\0\0\x10free" + number.to_bytes(8) for number in range(count)]


def submit(deployment: Deployment, service: str, sha256: str, number: int) -> Job:
    """Start a job as the button does; the ledger may be restarting."""
    key_id = "" if service == EMBEDDED else next(key for url, key in deployment.clients.known() if url == service)
    request = RunRequest(
        service=service,
        key_id=key_id,
        video_name=f"{number} {CLIP.name}",
        video_sha256=sha256,
        models=(MODEL,),
        infer_fps=INFER_FPS,
    )
    while True:
        with suppress(SQLAlchemyError):
            return deployment.workflow.submit(request, actor=None)
        time.sleep(0.5)


def kill_often(
    world: World, deployment: Deployment, options: argparse.Namespace, database: RestartedPostgresql | None
) -> list[Job]:
    """Bring and start the jobs one after the other while servers are killed; returns them."""
    waiting = [Browser(video, f"{n}.mp4") for n, video in enumerate(videos(world.folder, options.jobs))]
    jobs: list[Job] = []
    restarts = {options.kills // 3: "fast", 2 * options.kills // 3: "immediate"} if database else {}
    for number in range(options.kills):
        if number in restarts and database:
            database.restart(restarts[number])
            print(f"postgresql restarted ({restarts[number]})", flush=True)
        if waiting and number >= len(jobs) * options.kills // (2 * options.jobs):
            dashboard = world.chance.choice(world.dashboards)
            if waiting[0].bring(deployment, dashboard):
                service = EMBEDDED if len(jobs) % 2 == 0 else world.proxy_url
                jobs.append(submit(deployment, service, waiting.pop(0).sha256, len(jobs)))
        print(f"kill {number + 1}: {world.kill_one()}; {len(jobs)} jobs, {_statuses(deployment)}", flush=True)
    for each in world.servers:
        assert each.wait(), each.name
    while waiting:
        if waiting[0].bring(deployment, world.dashboards[0]):
            jobs.append(submit(deployment, EMBEDDED, waiting.pop(0).sha256, len(jobs)))
    return jobs


def _statuses(deployment: Deployment) -> dict[str, int]:
    with suppress(SQLAlchemyError):
        return dict(Counter(job.status.value for job in deployment.ledger.jobs()))
    return {}


def until_ended(deployment: Deployment, jobs: list[Job]) -> tuple[list[Job], int]:
    """Wait, and refresh jobs whose start is unknown, as a person would; returns the jobs and how often that was."""
    give_up_s, refreshed = time.monotonic() + MAX_S, 0
    while time.monotonic() < give_up_s:
        jobs = [deployment.ledger.job(job.id) for job in jobs]
        for job in jobs:
            if job.status is JobStatus.LOST and "start it again" in job.failure:
                refreshed += deployment.workflow.refresh(job.id, actor=None) is not None
        if not any(job.status.is_open or job.status is JobStatus.LOST for job in jobs):
            break
        time.sleep(1)
    return jobs, refreshed


def fingerprint(folder: Path) -> str:
    """What a job counted: every box of every frame."""
    results = open_results(folder)
    boxes = results.boxes(MODEL.label.partition("/")[0])
    arrays = [results.time_s, *(value for value in vars(boxes).values() if isinstance(value, np.ndarray))]
    return hashlib.sha256(b"".join(np.ascontiguousarray(each).tobytes() for each in arrays)).hexdigest()


def leftovers(world: World, deployment: Deployment) -> tuple[int, list[str]]:
    """The temporary files that the kills left, and those of them that are still there after the daily clean-up."""
    data = deployment.settings.data_dir

    def found() -> list[str]:
        drafts = [path for path in data.rglob("*") if PART_SUFFIX in path.name or path.name.endswith((".tmp", ".next"))]
        return [str(path.relative_to(data)) for path in drafts if "engine" not in path.relative_to(data).parts]

    before = len(found())
    later = datetime.now(UTC) + timedelta(hours=49)
    replace(deployment.workflow, clock=lambda: later).tidy()
    return before, found()


def judge(
    world: World, deployment: Deployment, jobs: list[Job], proxy: CountingProxy, expected: str
) -> dict[str, float]:
    """The figures that must be zero."""
    results_dir = deployment.settings.results_dir
    folders = {path.name for path in results_dir.iterdir() if path.is_dir() and "." not in path.name}
    succeeded = [job for job in jobs if job.status is JobStatus.SUCCEEDED]
    ends = [
        sum(
            event.status is JobStatus.SUCCEEDED
            for event in deployment.ledger.history(job.id, kinds=[EventKind.TRANSITION])
        )
        for job in jobs
    ]
    hosted = [job for job in jobs if job.service != EMBEDDED]
    run_at_service = len(list((world.folder / "service" / "engine" / "jobs").iterdir())) if hosted else 0
    run_here = len(list((deployment.settings.engine_dir / "jobs").iterdir()))
    return {
        "lost": sum(job.status in (JobStatus.LOST, JobStatus.FAILED) for job in jobs),
        "stuck": sum(job.status.is_open for job in jobs),
        "wrong_results": sum(fingerprint(results_dir / job.id) != expected for job in succeeded),
        "doubled_ends": sum(max(0, count - 1) for count in ends),
        "doubled_runs": run_at_service + run_here - len(jobs),
        "folders_too_many": len(folders - {job.id for job in jobs}),
        "early_status_calls": sum(gap_s < STATUS_FLOOR_S for gap_s in proxy.gaps_s),
    }


def reference(folder: Path, deployment: Deployment, dashboard: Server) -> str:
    """What an undisturbed job counts. It is removed."""
    browser = Browser((folder / "excerpt.mp4").read_bytes(), "reference.mp4")
    assert browser.bring(deployment, dashboard)
    job = submit(deployment, EMBEDDED, browser.sha256, 0)
    (ended,), _ = until_ended(deployment, [job])
    assert ended.status is JobStatus.SUCCEEDED, ended
    return fingerprint(deployment.settings.results_dir / job.id)


def measure(folder: Path, database_url: str, database: RestartedPostgresql | None, options: argparse.Namespace) -> bool:
    with ExitStack() as stack:
        ports = [stack.enter_context(reserved_port()) for _ in range(3)]
        proxy = stack.enter_context(counting(_at(ports[2])))
        world = World(folder, database_url, ports, proxy.url, random.Random(options.seed))
        with world.running() as deployment:
            started_s = time.monotonic()
            jobs = kill_often(world, deployment, options, database)
            killed_s = time.monotonic()
            jobs, refreshed = until_ended(deployment, jobs)
            ended_s = time.monotonic()
            expected = reference(folder, deployment, world.dashboards[0])
            every = deployment.ledger.jobs()
            figures = judge(world, deployment, every, proxy, expected)
            drafts, left = leftovers(world, deployment)
            is_ledger_known = {job.id for job in jobs} <= {job.id for job in every}
        orphans = [each for server in world.servers for each in server.orphans(ORPHANS_WITHIN_S)]
    figures |= {"orphans": len(orphans), "leftovers_after_a_day": len(left), "forgotten": 0 if is_ledger_known else 1}
    more: dict[str, Any] = {
        "kills": options.kills,
        "jobs": len(jobs),
        "refreshed": refreshed,
        "drafts": drafts,
        "status_calls": sum(len(asked) for asked in proxy.asked_at_s.values()),
        "shortest_gap_s": round(min(proxy.gaps_s, default=0.0), 2),
        "killing_s": round(killed_s - started_s),
        "tail_s": round(ended_s - killed_s),
    }
    for name, value in {**more, **figures}.items():
        print(f"figure kills_{options.database}_{name} {value}", flush=True)
    for job in every:
        print(job.video_name, job.service == EMBEDDED, job.status.value, job.failure)
    print(*[f"{each.pid} {each.command}" for each in orphans], *left, sep="\n")
    return not any(figures.values())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=5)
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if options.database == "sqlite":
            return 0 if measure(folder, f"sqlite:///{folder}/data/frametally.db", None, options) else 1
        url = stack.enter_context(serving_postgresql())()
        database = stack.enter_context(RestartedPostgresql(url))
        return 0 if measure(folder, url, database, options) else 1


if __name__ == "__main__":
    sys.exit(main())
