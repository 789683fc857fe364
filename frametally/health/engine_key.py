"""Detect that dashboards with a common object storage have engines with different API keys."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from frametally.engine.shared.records import Records
from frametally.health.checks import HealthWarning
from frametally.storage.objects import Objects

OTHER_KEY: Final = HealthWarning(
    "Another dashboard of this object storage has another API key of its built-in engine, and refuses this one.",
    "Set the same FRAMETALLY_ENGINE_KEY for all of them, and restart them.",
)
DIFFERENT_KEYS: Final = "The dashboards have different keys. The operator can set one FRAMETALLY_ENGINE_KEY for all."


def open_records(objects: Objects, engine_id: str, engine_key: str, link_secret: str) -> Records:
    """The records of this dashboard's engine, with a keyed hash of its key."""
    text = hmac.new(link_secret.encode(), b"frametally engine " + engine_key.encode(), hashlib.sha256).hexdigest()[:32]
    return Records(objects, engine_id, text)


def key_warnings(records: Records | None, engine_key: str | None) -> list[HealthWarning]:
    """A warning if an engine that runs has another key than the setting, which is for clients of the API."""
    return [OTHER_KEY] if engine_key and records and records.keys_differ else []


def refusal_reason(records: Records | None) -> str:
    """Why the engine may refuse a key that is that of another dashboard; empty if there is no such reason."""
    return DIFFERENT_KEYS if records and records.keys_differ else ""
