"""A dashboard that the tests of this folder share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.support.dashboards import Dashboard, starting_dashboards
from tests.support.ledgers import open_ledger


@pytest.fixture(scope="session")
def shared_dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    with starting_dashboards(tmp_path_factory.mktemp("dashboard")) as start:
        yield start(
            FRAMETALLY_API_PRIVATE_URLS="true",
            FRAMETALLY_ACCESS="open",  # behind the proxy of test_main_job, a client is not taken for this machine
            FRAMETALLY_EMBED_SITES="http://127.0.0.1:*",
        )


@pytest.fixture
def dashboard(shared_dashboard: Dashboard) -> Iterator[Dashboard]:
    """The shared dashboard; the jobs and models of the test are removed after it."""
    yield shared_dashboard
    remove_all(shared_dashboard)


@pytest.fixture(scope="module")
def dashboard_of_file(shared_dashboard: Dashboard) -> Iterator[Dashboard]:
    """The shared dashboard, for jobs that the tests of one file share; they are removed after the last of them."""
    yield shared_dashboard
    remove_all(shared_dashboard)


def remove_all(dashboard: Dashboard) -> None:
    with open_ledger(f"sqlite:///{dashboard.data_dir / 'frametally.db'}") as ledger:
        for job in ledger.jobs():
            ledger.remove(job.id)
            shutil.rmtree(dashboard.data_dir / "results" / job.id, ignore_errors=True)
        for preset in ledger.presets.all():
            ledger.presets.remove(preset)
