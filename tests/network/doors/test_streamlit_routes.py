"""Routes of Streamlit that are closed or need a key."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from frametally.network.doors.streamlit_routes import StreamlitRoutes
from tests.support.asgi import asked


@pytest.mark.parametrize("base_path", ["", "/tools/tally"])
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/_stcore/agent/openapi.json", 404),
        ("/_stcore/agent/mcp", 404),
        ("/_stcore/agent", 404),
        ("/_stcore/metrics", 401),
        ("/_stcore/metrics?api_key=wrong", 401),
        ("/_stcore/metrics?api_key=right", 200),
        ("/_stcore/health", 200),
    ],
)
def test_the_agent_api_is_closed_and_metrics_need_the_key(path: str, status: int, base_path: str) -> None:
    app = Starlette(
        routes=[Route("/{path:path}", lambda _: PlainTextResponse(""), methods=["GET", "POST"])],
        middleware=[Middleware(StreamlitRoutes, key="right", base_path=base_path)],
    )
    assert asked(app, base_path + path).status_code == status
    if "metrics" in path:
        bearer = {"Authorization": "Bearer right"}
        assert asked(app, base_path + path.partition("?")[0], bearer).status_code == 200
