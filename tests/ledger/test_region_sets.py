"""Lines and zones of cameras, on SQLite and PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from frametally.access.person import Person, Role
from frametally.errors import AccessDenied, RegionsError
from frametally.job import JobStatus
from frametally.ledger.ledger import Ledger
from frametally.ledger.people.audit import audit_entries
from frametally.ledger.region_sets import NEW, camera_of, jobs_of, save, set_camera, set_of, sets
from frametally.ledger.snapshot import copy_out
from frametally.regions.shapes import Line, RegionSet
from frametally.team.regions import choose_camera, remove_regions, save_regions
from tests.support.ledgers import a_job, open_ledger

GATE = Line(id="l1", name="Gate", start=(0.1, 0.5), end=(0.9, 0.5))
DOCK = RegionSet(camera="dock 3", size=(1280, 720), lines=(GATE,))

ADA = Person(id="ada", name="Ada", role=Role.ANALYST, origin="192.0.2.1")


def test_sets_are_kept_under_the_name_of_their_camera(ledger: Ledger) -> None:
    dock = save(ledger, "dock 3", "{}", based_on=NEW, actor="ada")
    alley = save(ledger, "Gasse 门", '{"a": 1}', based_on=NEW, actor=None)
    assert sets(ledger) == sorted([dock, alley], key=lambda stored: stored.camera)
    assert set_of(ledger, "dock 3") == dock
    assert (dock.revision, dock.actor, dock.changed_at) == (1, "ada", ledger.clock())
    assert set_of(ledger, "dock 4") is None


def test_a_change_of_an_older_revision_is_refused(ledger: Ledger) -> None:
    first = save(ledger, "dock 3", "1", based_on=NEW, actor="ada")
    second = save(ledger, "dock 3", "2", based_on=first.revision, actor="bob")
    for based_on in (NEW, first.revision, 7):
        with pytest.raises(RegionsError, match="have been changed by another person"):
            save(ledger, "dock 3", "3", based_on=based_on, actor="ada")
    assert set_of(ledger, "dock 3") == second


def test_a_set_is_removed_once_and_the_removal_is_recorded(ledger: Ledger) -> None:
    stored = save_regions(ledger, DOCK, based_on=NEW, actor=None)
    assert remove_regions(ledger, "dock 3", actor=ADA) == stored
    assert remove_regions(ledger, "dock 3", actor=ADA) is None
    assert [(entry.actor, entry.what, entry.origin) for entry in audit_entries(ledger, 9)] == [
        ("ada", "Removed the lines and zones of dock 3.", "192.0.2.1")
    ]


def test_the_camera_of_a_job_that_is_not_seen_stays(ledger: Ledger) -> None:
    ledger.add(a_job("j1", status=JobStatus.SUCCEEDED, owner="bob"))
    with pytest.raises(AccessDenied):
        choose_camera(ledger, "j1", "dock 3", actor=replace(ADA, sees_own_only=True))
    assert camera_of(ledger, "j1") is None


def test_a_later_video_of_the_camera_has_its_lines(ledger: Ledger) -> None:
    for job_id in ("j1", "j2"):
        ledger.add(a_job(job_id, status=JobStatus.SUCCEEDED))
        choose_camera(ledger, job_id, "dock 3", actor=None)
    save_regions(ledger, DOCK, based_on=NEW, actor=None)
    assert jobs_of(ledger, "dock 3") == ["j1", "j2"]
    choose_camera(ledger, "j1", None, actor=None)
    assert (camera_of(ledger, "j1"), camera_of(ledger, "j2")) == (None, "dock 3")
    with pytest.raises(RegionsError, match="1 to 200 characters"):
        choose_camera(ledger, "j1", "x" * 201, actor=None)


def test_a_backup_has_the_sets_and_the_cameras_of_jobs(database_url: str, tmp_path: Path) -> None:
    with open_ledger(database_url) as ledger:
        ledger.add(a_job("j1", status=JobStatus.SUCCEEDED))
        set_camera(ledger, "j1", "dock 3")
        stored = save_regions(ledger, DOCK, based_on=NEW, actor=None)
    copy_out(database_url, tmp_path / "backup.db")
    with open_ledger(f"sqlite:///{tmp_path / 'backup.db'}") as restored:
        assert (sets(restored), camera_of(restored, "j1")) == ([stored], "dock 3")


def test_the_camera_of_a_job_is_removed_with_it_and_its_set_is_kept(ledger: Ledger) -> None:
    ledger.add(a_job("j1", status=JobStatus.SUCCEEDED))
    set_camera(ledger, "j1", "dock 3")
    stored = save_regions(ledger, DOCK, based_on=NEW, actor=None)
    assert ledger.remove("j1")
    assert camera_of(ledger, "j1") is None
    assert set_of(ledger, "dock 3") == stored
