"""Every action of the workflow, found by introspection, as each role: expected and seen."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import frametally
from frametally.access.identity import Identity
from frametally.access.people import known_person
from frametally.access.permissions import PERMISSIONS, Action, Scope, may, scope_of
from frametally.access.person import ANONYMOUS, GUEST, OPERATOR, Person, Role
from frametally.analysis.view_spec import ViewSpec
from frametally.deployment import Deployment
from frametally.errors import AccessDenied, JobError
from frametally.job import EMBEDDED, ModelChoice, RunRequest
from frametally.jobs.actions import duplicate, import_job, retry
from frametally.jobs.batch import batch_jobs, start_batch
from frametally.jobs.cancel import cancel
from frametally.jobs.deletion import delete, restore_jobs
from frametally.ledger.moment_notes import MomentNote
from frametally.ledger.moment_notes import pin_note as add_note
from frametally.ledger.presets import Preset
from frametally.ledger.shares import Share, SharedJob, add_share
from frametally.notifications.rule_reports import report_intervals
from frametally.regions.shapes import RegionSet
from frametally.rendering.audits.audits import Audits
from frametally.rendering.truth.truths import Truths
from frametally.reports.request import BriefRequest
from frametally.reports.shares.shares import ShareOptions
from frametally.sample import Sample, find_sample, run_sample
from frametally.team import notes, people, regions, saved_models, services, videos
from tests.support.ledgers import START
from tests.support.people import admin, analyst, viewer
from tests.support.source_tree import own_imports

MODEL = ModelChoice(model_id="m", version="1")
REQUEST = RunRequest(
    service=EMBEDDED,
    key_id="",
    video_name="a.mp4",
    video_url="https://example.com/a.mp4",
    models=(MODEL,),
    infer_fps=1.0,
)
SAMPLE = Sample(sha256="0" * 64, fps=5, frames=5, counts_per_second={})
OPTIONS = ShareOptions(name="x", expires_at=START)
PRESET = Preset(name="mine", model=MODEL)
KNOWN = known_person(Identity(issuer="i", subject="s", name="Sam"), START)
PEOPLE = {
    "anonymous": ANONYMOUS,
    "guest": GUEST,
    "viewer": viewer("vic"),
    "analyst": analyst("ann"),
    "admin": admin("ada"),
    "operator": OPERATOR,
}


class World:
    """One deployment with jobs of two people and of no person."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment, self.ledger, self.workflow = deployment, deployment.ledger, deployment.workflow
        self.library = deployment.library
        self.jobs = {
            owner: self.workflow.submit(REQUEST, actor=actor).id
            for owner, actor in (("own", analyst("ann")), ("other's", analyst("bob")), ("none", None))
        }
        for owner, actor in (("own", analyst("ann")), ("other's", analyst("bob")), ("none", None)):
            self.workflow.submit(replace(REQUEST, video_sha256=f"video {self.jobs[owner]}"), actor=actor)
        self.notes = {
            owner: add_note(self.ledger, "v", at, "x", actor=actor)
            for at, (owner, actor) in enumerate((("own", "ann"), ("other's", "bob"), ("none", None)))
        }


def note_of(world: World, job_id: str) -> MomentNote:
    return world.notes[next(owner for owner, known in world.jobs.items() if known == job_id)]


def view_of(job_id: str) -> BriefRequest:
    return BriefRequest(view=ViewSpec(job_ids=(job_id,)))


def share_of(world: World, job_id: str) -> str:
    """A link by the owner of the job."""
    owner = world.ledger.job(job_id).owner
    share = Share(
        id=str(uuid.uuid4()),
        token_sha256=uuid.uuid4().hex,
        name="x",
        request="{}",
        maker=owner,
        maker_role="none",
        created_at=START,
        expires_at=START,
    )
    add_share(world.ledger, share, [SharedJob(job_id=job_id)])
    return share.id


def new_regions() -> RegionSet:
    return RegionSet(camera=str(uuid.uuid4()), size=(1280, 720))


def new_preset() -> Preset:
    return Preset(name=str(uuid.uuid4()), model=PRESET.model)


Call = Callable[[World, str, Person], Any]
CALLS: dict[str, tuple[Action, Call]] = {
    "jobs.workflow.Workflow.submit": (Action.RUN, lambda w, _, a: w.workflow.submit(REQUEST, actor=a)),
    "jobs.workflow.Workflow.refresh": (Action.REFRESH, lambda w, job, a: w.workflow.refresh(job, actor=a)),
    "jobs.workflow.Workflow.cancel": (Action.CANCEL, lambda w, job, a: w.workflow.cancel(job, actor=a)),
    "jobs.workflow.Workflow.read_again": (Action.READ_AGAIN, lambda w, job, a: w.workflow.read_again(job, actor=a)),
    "jobs.cancel.cancel": (
        Action.CANCEL,
        lambda w, job, a: cancel(w.ledger, w.deployment.clients, job, START, actor=a),
    ),
    "jobs.deletion.delete": (Action.DELETE, lambda w, job, a: delete(w.ledger, [job], START, actor=a)),
    "jobs.deletion.restore_jobs": (Action.RESTORE, lambda w, job, a: restore_jobs(w.ledger, [job], START, actor=a)),
    "jobs.actions.retry": (Action.RETRY, lambda w, job, a: retry(w.ledger, w.library, job, START, actor=a)),
    "jobs.actions.duplicate": (
        Action.RERUN,
        lambda w, job, a: duplicate(w.ledger, w.library, job, [PRESET.model], 1.0, START, actor=a),
    ),
    "jobs.actions.import_job": (Action.IMPORT, lambda w, _, a: import_job(w.ledger, REQUEST, "r1", START, actor=a)),
    "jobs.batch.batch_jobs": (Action.RUN, lambda w, _, a: batch_jobs([], [], REQUEST, START, actor=a)),
    "jobs.batch.start_batch": (Action.RUN, lambda w, _, a: start_batch(w.ledger, [], "tag", actor=a)),
    "sample.run_sample": (
        Action.RUN_SAMPLE,
        lambda w, _, a: run_sample(SAMPLE, w.workflow, w.deployment.settings.models_dir, actor=a),
    ),
    "team.notes.change_tags": (
        Action.EDIT,
        lambda w, job, a: notes.change_tags(w.ledger, [job], added=["t"], removed=[], actor=a),
    ),
    "team.notes.write_note": (Action.EDIT, lambda w, job, a: notes.write_note(w.ledger, job, "n", actor=a)),
    "team.notes.pin_note": (Action.PIN_NOTE, lambda w, _, a: notes.pin_note(w.ledger, "w", 1, "n", actor=a)),
    "team.notes.remove_note": (
        Action.REMOVE_NOTE,
        lambda w, job, a: notes.remove_note(w.ledger, note_of(w, job), actor=a),
    ),
    "team.notes.restore_note": (
        Action.REMOVE_NOTE,
        lambda w, job, a: notes.restore_note(w.ledger, note_of(w, job), actor=a),
    ),
    "team.regions.save_regions": (
        Action.EDIT_REGIONS,
        lambda w, _, a: regions.save_regions(w.ledger, new_regions(), based_on=0, actor=a),
    ),
    "team.regions.remove_regions": (
        Action.EDIT_REGIONS,
        lambda w, _, a: regions.remove_regions(w.ledger, "dock", actor=a),
    ),
    "team.regions.choose_camera": (
        Action.EDIT_REGIONS,
        lambda w, job, a: regions.choose_camera(w.ledger, job, "dock", actor=a),
    ),
    "team.saved_models.save_model": (
        Action.SAVE_MODEL,
        lambda w, _, a: saved_models.save_model(w.ledger, new_preset(), actor=a),
    ),
    "team.saved_models.remove_model": (
        Action.REMOVE_MODEL,
        lambda w, _, a: saved_models.remove_model(w.ledger, PRESET, actor=a),
    ),
    "team.videos.load_video": (
        Action.ADD_VIDEO,
        lambda w, _, a: videos.load_video(
            w.library, "https://127.0.0.1:9/", "a", lambda *_: None, max_bytes=1, private_urls=False, actor=a
        ),
    ),
    "team.videos.convert_to_mp4": (
        Action.ADD_VIDEO,
        lambda w, _, a: videos.convert_to_mp4(w.library, None, print, actor=a),  # type: ignore[arg-type]
    ),
    "team.services.ask_workspace": (
        Action.CONNECT,
        lambda w, _, a: services.ask_workspace(w.deployment.clients, "", "", actor=a),
    ),
    "team.videos.remove_video": (
        Action.REMOVE_VIDEO,
        lambda w, job, a: videos.remove_video(w.library, w.ledger, f"video {job}", actor=a),
    ),
    "team.people.grant": (
        Action.MANAGE_PEOPLE,
        lambda w, _, a: people.grant(w.ledger, KNOWN, Role.VIEWER, actor=a),
    ),
    "team.people.sign_out_person": (
        Action.MANAGE_PEOPLE,
        lambda w, _, a: people.sign_out_person(w.ledger, KNOWN, actor=a),
    ),
    "team.people.forget_person": (
        Action.MANAGE_PEOPLE,
        lambda w, _, a: people.forget_person(w.ledger, KNOWN, actor=a),
    ),
    "reports.shares.shares.Shares.create": (
        Action.SHARE,
        lambda w, job, a: w.deployment.shares.create(view_of(job), OPTIONS, actor=a),
    ),
    "reports.shares.shares.Shares.end": (
        Action.END_SHARE,
        lambda w, job, a: w.deployment.shares.end(share_of(w, job), actor=a),
    ),
    "notifications.rule_reports.report_intervals": (
        Action.EDIT_REGIONS,
        lambda w, job, a: report_intervals(w.ledger, job, [], actor=a),
    ),
    "rendering.audits.audits.Audits.begin": (
        Action.CHECK_FRAME,
        lambda w, _, a: Audits().begin(w.ledger, None, None, 20, actor=a),  # type: ignore[arg-type]
    ),
    "rendering.audits.audits.Audits.check": (
        Action.CHECK_FRAME,
        lambda w, _, a: Audits().check(w.ledger, None, None, 0, None, actor=a),  # type: ignore[arg-type]
    ),
    "rendering.truth.truths.Truths.keep": (
        Action.SET_TRUTH,
        lambda w, _, a: Truths(None, None, None).keep(None, None, "", None, actor=a),  # type: ignore[arg-type]
    ),
    "rendering.truth.truths.Truths.adopt": (
        Action.SET_TRUTH,
        lambda w, _, a: Truths(None, None, None).adopt(None, "", actor=a),  # type: ignore[arg-type]
    ),
    "rendering.truth.truths.Truths.remove": (
        Action.SET_TRUTH,
        lambda w, _, a: Truths(None, None, None).remove(None, actor=a),  # type: ignore[arg-type]
    ),
    "notifications.notifier.Notifier.send_test": (
        Action.TEST_NOTIFICATIONS,
        lambda w, _, a: w.deployment.notifier.send_test("webhook", actor=a),
    ),
}


EXTRAS = ("ray",)
"""Packages of an extra, without which a module that needs them is not looked at."""


def actions() -> Iterator[str]:
    """Every function and method of the product that takes the person who acts."""
    for found in pkgutil.walk_packages(frametally.__path__, "frametally."):
        if found.name.endswith("__main__") or ".migrations" in found.name:
            continue
        try:
            module = importlib.import_module(found.name)
        except ModuleNotFoundError as error:
            if error.name not in EXTRAS:
                raise
            continue
        for holder in (module, *(each for _, each in inspect.getmembers(module, inspect.isclass))):
            for name, function in inspect.getmembers(holder, inspect.isfunction):
                if function.__module__ != found.name or "actor" not in function.__annotations__:
                    continue
                if "Person" in str(function.__annotations__["actor"]) and not name.startswith("_"):
                    yield f"{found.name.removeprefix('frametally.')}.{function.__qualname__}"


@pytest.fixture(scope="module")
def world(open_world: Deployment) -> World:
    return World(open_world)


def test_the_table_has_every_action() -> None:
    # `require` asks the table itself.
    assert set(actions()) - {"access.permissions.require", "access.person.id_of"} == set(CALLS)
    assert set(PERMISSIONS) == set(Action)
    assert {*(action for action, _ in CALLS.values()), Action.LOOK, Action.SEE_JOB} == set(Action)
    assert all(set(row) == set(Role) for row in PERMISSIONS.values())


EXPECTED = {
    # action: guest, viewer, analyst on own, analyst on another's
    Action.LOOK: "aaaa",
    Action.SEE_JOB: "aaaa",
    Action.RUN: "--aa",
    Action.RUN_SAMPLE: "a-aa",
    Action.IMPORT: "--aa",
    Action.ADD_VIDEO: "--aa",
    Action.PIN_NOTE: "--aa",
    Action.EDIT_REGIONS: "--aa",
    Action.CHECK_FRAME: "--aa",
    Action.SET_TRUTH: "--aa",
    Action.SAVE_MODEL: "--aa",
    Action.SHARE: "--aa",
    Action.CONNECT: "--aa",
    Action.REMOVE_MODEL: "----",
    Action.TEST_NOTIFICATIONS: "----",
    Action.MANAGE_PEOPLE: "----",
    **dict.fromkeys(
        (
            Action.RERUN,
            Action.REFRESH,
            Action.CANCEL,
            Action.RETRY,
            Action.READ_AGAIN,
            Action.EDIT,
            Action.DELETE,
            Action.RESTORE,
            Action.REMOVE_NOTE,
            Action.REMOVE_VIDEO,
            Action.END_SHARE,
        ),
        "--a-",
    ),
}


def is_expected(action: Action, who: str, owner: str) -> bool:
    if who in ("admin", "operator"):
        return True
    columns = {"guest": 0, "viewer": 1, "analyst": 2 if owner == "own" else 3}
    return who in columns and EXPECTED[action][columns[who]] == "a"


@pytest.mark.parametrize("name", CALLS)
def test_each_action_asks_who_acts(world: World, name: str) -> None:
    action, call = CALLS[name]
    seen, expected = {}, {}
    for who, person in PEOPLE.items():
        for owner, job_id in world.jobs.items():
            expected[who, owner] = is_expected(action, who, owner)
            seen[who, owner] = not is_denied(call, world, job_id, person)
    assert seen == expected


@pytest.mark.parametrize(("sees_own_only", "viewer_scope"), [(False, Scope.ALL), (True, Scope.OWN)])
def test_whose_jobs_each_role_sees(sees_own_only: bool, viewer_scope: Scope) -> None:
    expected = {
        "anonymous": Scope.NOTHING,
        "guest": Scope.ALL,
        "viewer": viewer_scope,
        "analyst": viewer_scope,
        "admin": Scope.ALL,
        "operator": Scope.ALL,
    }
    people = {who: replace(person, sees_own_only=sees_own_only) for who, person in PEOPLE.items()}
    assert {who: scope_of(person, Action.SEE_JOB) for who, person in people.items()} == expected
    assert not may(people["analyst"], Action.SEE_JOB, "bob") or not sees_own_only
    assert may(people["analyst"], Action.SEE_JOB, "ann")
    # A setting that limits what is seen takes no other right, and gives none.
    others = [action for action in Action if action is not Action.SEE_JOB]
    for who, person in people.items():
        assert [scope_of(person, action) for action in others] == [scope_of(PEOPLE[who], action) for action in others]


def test_a_job_of_another_is_not_found_by_an_import(world: World) -> None:
    taken = import_job(world.ledger, REQUEST, "taken", START, actor=analyst("bob"))
    own_only = replace(analyst("ann"), sees_own_only=True)
    with pytest.raises(JobError, match="Another person") as refused:
        import_job(world.ledger, REQUEST, "taken", START, actor=own_only)
    assert taken.id not in str(refused.value)


def is_denied(call: Call, world: World, job_id: str, person: Person) -> bool:
    try:
        call(world, job_id, person)
    except AccessDenied:
        return True
    except Exception:
        return False
    return False


def test_a_job_without_an_owner_belongs_to_no_person() -> None:
    assert not may(GUEST, Action.DELETE, None)
    assert not may(Person(id=None, name="", role=Role.ANALYST), Action.DELETE, None)
    assert PERMISSIONS[Action.DELETE][Role.ANALYST] is Scope.OWN


def test_pages_change_notes_tags_models_and_videos_only_through_the_actions() -> None:
    unguarded = {
        "frametally.ledger.tags.add_tags",
        "frametally.ledger.tags.remove_tags",
        "frametally.ledger.moment_notes.pin_note",
        "frametally.ledger.moment_notes.remove_note",
        "frametally.ledger.moment_notes.restore_note",
        "frametally.ledger.audits.frame_checks.keep_check",
        "frametally.ledger.audits.planned.begin_audit",
        "frametally.ledger.region_sets.remove",
        "frametally.ledger.region_sets.save",
        "frametally.ledger.region_sets.set_camera",
        "frametally.library.conversion.convert_to_mp4",
        "frametally.network.download.download",
        "frametally.library.removal.remove_video",
        "frametally.client.client.VideoInferenceClient",
    }
    assert [pair for pair in own_imports("components", "pages") if pair[1] in unguarded] == []


def test_guests_together_run_the_sample_once(world: World, tmp_path: Path) -> None:
    sample = find_sample()
    assert sample is not None
    first = run_sample(sample, world.workflow, tmp_path, actor=GUEST)
    world.workflow.cancel(first.id, actor=None)
    second = run_sample(sample, world.workflow, tmp_path, actor=GUEST)
    assert second.id != first.id
    assert run_sample(sample, world.workflow, tmp_path, actor=GUEST).id == second.id
