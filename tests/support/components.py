"""Our components in a page test: the data they receive, and events that they send."""

from __future__ import annotations

import json
from typing import Any

from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest


def data_of(app: AppTest, name: str) -> dict[str, Any]:
    """The data of the component with this name; empty if it is not on the page."""
    proto = _proto(app, name)
    return dict(json.loads(proto.json)) if proto else {}


def send_event(app: AppTest, name: str, event: str, value: object) -> AppTest:
    """Run the page as after this event of the component."""
    proto = _proto(app, name)
    assert proto is not None
    states = app._tree.get_widget_states()
    sent = json.dumps([{"event": event, "value": value}])
    states.widgets.append(WidgetState(id=f"$$STREAMLIT_INTERNAL_KEY_{proto.id}__events", json_trigger_value=sent))
    return app._run(states)


def _proto(app: AppTest, name: str) -> Any:
    protos = (element.proto for element in app.get("bidi_component"))
    return next((proto for proto in protos if proto.component_name == f"frametally.{name}"), None)
