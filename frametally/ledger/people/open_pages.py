"""When a page of each browser was open last: several dashboards tell each other, so that any may serve its files."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from frametally.ledger.ledger import Ledger
from frametally.ledger.tables import OPEN_PAGE

_KEPT: Final = timedelta(days=1)
_LOG = logging.getLogger(__name__)


class RecordedPages:
    """The pages that any dashboard of a ledger has seen."""

    def __init__(self, ledger: Ledger, clock: Callable[[], datetime]) -> None:
        self._ledger, self._clock = ledger, clock

    def record(self, mark: str) -> None:
        """A page of the holder with this mark is open. Without the ledger, only this dashboard knows."""
        now = self._clock()
        with _logged(), self._ledger.writing() as connection:
            connection.execute(OPEN_PAGE.delete().where(OPEN_PAGE.c.seen_at < now - _KEPT))
            changed = connection.execute(OPEN_PAGE.update().where(OPEN_PAGE.c.mark == mark).values(seen_at=now))
            if not changed.rowcount:
                with suppress(IntegrityError), connection.begin_nested():  # another one was faster
                    connection.execute(OPEN_PAGE.insert().values(mark=mark, seen_at=now))

    def idle_s(self, mark: str) -> float | None:
        """Seconds since a page of the holder was open; None if that is not known."""
        seen_at = None
        with _logged(), self._ledger.reading() as connection:
            seen_at = connection.execute(sa.select(OPEN_PAGE.c.seen_at).where(OPEN_PAGE.c.mark == mark)).scalar()
        return None if seen_at is None else (self._clock() - seen_at).total_seconds()


@contextmanager
def _logged() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        _LOG.warning("Open pages are not known to other dashboards: %s", type(error).__name__)
