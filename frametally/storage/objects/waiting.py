"""How long requests wait for the object storage of a cloud."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, NamedTuple

_BACKOFF: Final = {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=10), "base": 2}
_MAX_RETRIES: Final = 12


class Waiting(NamedTuple):
    """Time limits of requests."""

    connect_s: float
    silent_s: float
    """Until the response begins, and between its parts. Sending counts, so a short one is not for large content."""
    retry_s: float
    """No attempt begins later."""

    def store(self, url: str, config: Mapping[str, str], options: Mapping[str, Any]) -> Any:
        """That of obstore for the URL, with these options of the cloud and of the client.

        Raises:
            BaseError, ValueError, TypeError, FileNotFoundError: the options are not valid.
        """
        from obstore.store import from_url

        client: Any = {
            **options,
            "connect_timeout": timedelta(seconds=self.connect_s),
            "read_timeout": timedelta(seconds=self.silent_s),
            "timeout": timedelta(seconds=60),
        }
        retry: Any = {
            "max_retries": _MAX_RETRIES if self.retry_s else 0,
            "retry_timeout": timedelta(seconds=self.retry_s),
            "backoff": _BACKOFF,
        }
        return from_url(url, config=dict(config) or None, client_options=client, retry_config=retry)


PATIENT: Final = Waiting(connect_s=5, silent_s=60, retry_s=90)
"""For work in the background."""
BRIEF: Final = Waiting(connect_s=2, silent_s=4, retry_s=4)
"""Where a page waits."""
ONCE: Final = Waiting(connect_s=2, silent_s=4, retry_s=0)
