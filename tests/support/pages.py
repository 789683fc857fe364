"""Helpers for page tests with AppTest: open a page, read its content, use its widgets, add jobs to the ledger."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block, Button, Element

from frametally.deployment import Deployment
from frametally.job import Job, JobStatus, ModelChoice

if TYPE_CHECKING:
    import pandas as pd

ROOT = Path(__file__).parents[2]
HOSTED = "https://api.example.com"


def write_job(deployment: Deployment, status: JobStatus, **values: Any) -> Job:
    """Add a job at a hosted service to the ledger."""
    now = datetime.now(UTC)
    known: dict[str, Any] = {
        "id": f"job-{len(deployment.ledger.jobs())}",
        "service": HOSTED,
        "key_id": "0123",
        "video_name": "dock.mp4",
        "video_url": "https://example.com/dock.mp4",
        "models": (ModelChoice(model_id="forklifts", version="7"),),
        "infer_fps": 5.0,
        "created_at": now - timedelta(minutes=3),
        "next_check_at": now + timedelta(seconds=50),
    }
    job = Job(**{**known, "status": status, **values})
    deployment.ledger.add(job)
    return job


def texts(app: AppTest) -> str:
    """The text of all Markdown elements and captions, one per line."""
    return "\n".join(str(element.value) for kind in (app.markdown, app.caption) for element in kind)


def headings(app: AppTest) -> list[str]:
    """The headings of the first level, also those for screen readers alone."""
    hidden = [re.search("<h1[^>]*>(.*?)</h1>", element.proto.body) for element in app.get("html")]
    return [*(str(title.value) for title in app.title), *(found[1] for found in hidden if found)]


OpenPage = Callable[[str], AppTest]


def button(app: AppTest, label: str) -> Button:
    """The first button whose label begins with `label`."""
    return next(button for button in app.button if button.label.startswith(label))


def shown(element: Element | Block) -> str:
    """The protobuf message that Streamlit sends to the browser for an element, as text."""
    return str(element.proto)


def captions(app: AppTest) -> str:
    """All captions, one per line."""
    return "\n".join(element.value for element in app.caption)


def dataframe(app: AppTest, column: str) -> pd.DataFrame:
    """The first table with this column."""
    return next(table.value for table in app.dataframe if column in table.value.columns)


def chart(app: AppTest, key: str) -> dict[str, Any]:
    """The plotly figure of the chart with this key."""
    specs = (element.proto for element in app.get("plotly_chart"))
    return dict(json.loads(next(proto.spec for proto in specs if proto.id.endswith(key))))


def open_link(**params: str | list[str]) -> AppTest:
    """Open the Analytics page through a link with these query parameters."""
    return open_tab("analytics", **params)


def open_tab(name: str, **params: str | list[str]) -> AppTest:
    """Open a page as in a new browser tab, with these query parameters."""
    app = AppTest.from_file(str(ROOT / "components/shell.py"), default_timeout=30)
    for param, value in params.items():
        app.query_params[param] = value
    return app.switch_page(f"../pages/{name}.py").run()


def pick_range(app: AppTest, key: str, start_s: float, end_s: float) -> None:
    """Draw a box over a time range of a chart."""
    app.session_state[key] = {"selection": {"points": [], "box": [{"x": [start_s, end_s], "y": [0, 1]}]}}
    app.run()


def click_chart(app: AppTest, key: str, time_s: float) -> None:
    """Click into the plot of a chart, at this time."""
    app.session_state[f"{key}-click"] = {"click": {"time_s": time_s, "at_ms": next(_CLICKS)}}
    app.run()


_CLICKS = itertools.count()
