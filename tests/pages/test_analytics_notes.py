"""Notes pinned to moments: written for the current frame, listed, marked on the timeline, deleted with an undo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from components.session import announce_routes
from frametally.deployment import Deployment
from frametally.ledger.moment_notes import notes_of, pin_note
from frametally.video.frame_index import load_index
from tests.support.pages import button, open_link
from tests.support.results_files import BOXES, finished_job, offsets


def opened(**query: str) -> AppTest:
    app = open_link(job="job-1", **query)
    app.session_state["pinned_notes"] = True
    app.run()
    assert not app.exception
    return app


def opened_again(app: AppTest) -> AppTest:
    """AppTest does not keep a popover open, as browsers do."""
    app.session_state["pinned_notes"] = True
    return app.run()


def pinned(app: AppTest, text: str) -> AppTest:
    app.text_input(key="pinned_text").set_value(text)
    button(app, "Pin note").click().run()
    assert not app.exception
    return app


def player(app: AppTest) -> dict[str, Any]:
    protos = [element.proto for element in app.get("bidi_component")]
    return dict(json.loads(next(proto.json for proto in protos if proto.component_name == "frametally.player")))


@pytest.fixture
def video(deployment: Deployment, small_video: Path) -> str:
    announce_routes()
    return finished_job(deployment, small_video).video_sha256 or ""


def test_a_note_is_kept_with_the_time_in_the_video(deployment: Deployment, small_video: Path, video: str) -> None:
    app = pinned(opened(frame="2"), "Camera was *moved*")
    (note,) = notes_of(deployment.ledger, video)
    assert (note.text, note.time, note.actor) == ("Camera was *moved*", load_index(small_video).pts[4], None)
    assert app.button(key=f"chip-{note.id}").label == "0:00.4 Camera was \\*moved\\*"
    layout = json.loads(player(app)["figure"])["layout"]
    assert [mark["x"] for mark in layout["annotations"]] == [0.4]
    assert [shape["x0"] for shape in layout["shapes"]] == [0.4]


def test_a_note_leads_to_its_frame_in_every_job_on_the_video(
    deployment: Deployment, small_video: Path, video: str
) -> None:
    note = pin_note(deployment.ledger, video, int(load_index(small_video).pts[5]), "between two entries", actor=None)
    finished_job(deployment, small_video, {**offsets(3), "other": BOXES[:3]}, id="job-2")
    app = open_link(job="job-2", frame="0")
    app.button(key=f"chip-{note.id}").click().run()
    assert (player(app)["state"]["entry"], player(app)["state"]["command"]) == (2, 1)
    assert app.button(key=f"chip-{note.id}").label == "0:00.5 between two entries"


def test_a_deleted_note_can_be_restored(deployment: Deployment, video: str) -> None:
    app = pinned(opened(frame="1"), "Lights on")
    (note,) = notes_of(deployment.ledger, video)
    opened_again(app).button(key=f"delete-{note.id}").click().run()
    assert notes_of(deployment.ledger, video) == []
    assert "annotations" not in json.loads(player(app)["figure"])["layout"]
    opened_again(app).button(key="restore_note").click().run()
    assert notes_of(deployment.ledger, video) == [note]
    assert not any(one.label == "Undo" for one in opened_again(app).button)


def test_a_note_on_a_video_that_is_not_stored_belongs_to_its_job(deployment: Deployment) -> None:
    announce_routes()
    finished_job(deployment, None)
    app = pinned(opened(frame="3"), "Door open")
    (note,) = notes_of(deployment.ledger, "job:job-1")
    assert note.time == 6
    assert app.button(key=f"chip-{note.id}").label == "0:00.6 Door open"


def test_a_note_on_a_frame_that_the_stored_file_lacks_is_shown(deployment: Deployment, small_video: Path) -> None:
    announce_routes()
    beyond = len(load_index(small_video)) + 10
    finished_job(deployment, small_video, {"frame_offset": [0, beyond], "time_offset": [0.0, 6.0], "other": BOXES[:2]})
    app = pinned(opened(frame="1"), "After the end of the file")
    (note,) = notes_of(deployment.ledger, "job:job-1")
    assert app.button(key=f"chip-{note.id}").label == "0:06.0 After the end of the file"
