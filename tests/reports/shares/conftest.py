"""A deployment with a sign-in, one job with a stored video, and its routes of links on a socket."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests
from starlette.applications import Starlette
from starlette.middleware import Middleware

from frametally.access.identity import Identity
from frametally.access.people import known_person
from frametally.access.person import OPERATOR, Person, Role
from frametally.analysis.view import Progress
from frametally.analysis.view_spec import ViewSpec
from frametally.config.settings import Settings
from frametally.deployment import Deployment, open_deployment
from frametally.job import Job
from frametally.ledger.people import see_person, set_role
from frametally.network.doors.full_house import FullHouse, House, HouseLimits
from frametally.network.doors.headers import SecurityHeaders
from frametally.network.routes import starlette_routes
from frametally.reports.brief import Brief, BriefFile
from frametally.reports.request import BriefRequest
from frametally.reports.shares.open_shares import OpenShares
from frametally.reports.shares.routes import share_routes
from frametally.reports.shares.shares import NewShare, ShareOptions, Shares
from tests.support.ledgers import START, Clock
from tests.support.results_files import finished_job
from tests.support.serving import answering
from tests.support.sign_ins import ISSUER, OIDC_SETTINGS

ANN = Identity(issuer=ISSUER, subject="ann", name="Ann")
PICTURE = b"\xff\xd8 a picture"


class Briefs:
    """Makes briefs like a real one, whose titles end with `text`."""

    def __init__(self, real: Brief) -> None:
        self.real, self.text, self.made = real, "first", 0

    def make(
        self, request: BriefRequest, *, maker: Person, made_at: datetime, progress: Progress | None = None
    ) -> Brief:
        del maker, made_at, progress
        self.made += 1
        picture = BriefFile(name="f-1.jpg", media_type="image/jpeg", width_px=4, height_px=3, content=PICTURE)
        title = f"{request.title or 'kitchen.mp4'} {self.text}"
        return msgspec.structs.replace(self.real, title=title, files=(picture,), cover=picture.name)

    def fingerprint(self, request: BriefRequest) -> str:
        del request
        return self.text


@dataclass(frozen=True, kw_only=True)
class Shared:
    """Links of a deployment, served alone behind the doors that answer for the whole server."""

    deployment: Deployment
    shares: Shares
    briefs: Briefs
    clock: Clock
    job: Job
    url: str

    def share(self, *, actor: Person | None = None, request: BriefRequest | None = None, **options: Any) -> NewShare:
        """A new link of Ann's, for 30 days."""
        usual = {"name": "Dock", "expires_at": self.clock() + timedelta(days=30)}
        return self.shares.create(
            request or BriefRequest(view=ViewSpec(job_ids=(self.job.id,))),
            ShareOptions(**{**usual, **options}),
            actor=actor or self.ann,
        )

    @property
    def ann(self) -> Person:
        """An analyst."""
        return Person(id=ANN.person_id, name="Ann", role=Role.ANALYST)

    def get(self, path: str, method: str = "GET", **how: Any) -> requests.Response:
        return requests.request(method, self.url + path, timeout=10, allow_redirects=False, **how)

    def status(self, new: NewShare, **how: Any) -> int:
        return self.get(new.path, **how).status_code

    def until_asked_again(self) -> None:
        """Other requests may be answered for a moment from what was known."""
        self.opened._known.clear()

    opened: OpenShares


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path, small_video: Path) -> Deployment:
    folder = tmp_path_factory.mktemp("shares")
    shutil.copy(migrated_sqlite, folder / "frametally.db")
    settings = Settings.read({"FRAMETALLY_DATA_DIR": str(folder), **OIDC_SETTINGS})
    deployment = open_deployment(settings, lambda: "http://127.0.0.1:9")
    see_person(deployment.ledger, known_person(ANN, START))
    finished_job(deployment, small_video, owner=ANN.person_id)
    return deployment


@pytest.fixture(scope="module")
def served(deployment: Deployment) -> Iterator[Shared]:
    clock = Clock()
    whole = BriefRequest(view=ViewSpec(job_ids=("job-1",)), evidence=())
    briefs = Briefs(deployment.shares.briefs.make(whole, maker=OPERATOR, made_at=START))
    shares = replace(deployment.shares, clock=clock, briefs=briefs)
    opened = OpenShares(
        shares, plotly_url="/frametally/assets/0f/plotly.min.js", public_url="https://tally.example.com"
    )
    routes = share_routes(opened, secret="secret")
    doors = [
        Middleware(SecurityHeaders, page_policy="default-src 'self'"),
        Middleware(FullHouse, house=House(HouseLimits(open=0, starting=0)), ends_run=lambda _: False),
    ]
    app = Starlette(routes=starlette_routes(routes), middleware=doors)
    with answering(app, lifespan=False) as port:
        yield Shared(
            deployment=deployment,
            shares=shares,
            briefs=briefs,
            clock=clock,
            job=deployment.ledger.job("job-1"),
            url=f"http://127.0.0.1:{port}",
            opened=opened,
        )
    opened.close()


@pytest.fixture
def shared(served: Shared) -> Shared:
    """With Ann's role and the job as they were."""
    set_role(served.deployment.ledger, ANN.person_id, "analyst")
    served.deployment.access.people.forget_answers()  # type: ignore[union-attr]
    served.clock.now = START
    served.briefs.text = "first"
    return served
