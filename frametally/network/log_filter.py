"""Hides queries in the log of urllib3, which logs paths with their query: it may contain a key or a signature."""

from __future__ import annotations

import logging
from typing import Final

from frametally.network.urls import redact_queries

_LOGGERS: Final = ("connection", "connectionpool", "poolmanager", "response", "util.retry")


class _HideQueries(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact_queries(record.getMessage()), None
        return True


_FILTER: Final = _HideQueries()


def hide_queries() -> None:
    """Install the filter. Idempotent."""
    for name in _LOGGERS:
        logging.getLogger(f"urllib3.{name}").addFilter(_FILTER)
