"""Which link secret a ledger is worked on with: two at once mean two data folders that do not see each other."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

import sqlalchemy as sa

from frametally.health.checks import HealthWarning
from frametally.ledger.ledger import Ledger
from frametally.ledger.tables import METADATA

MARK: Final = sa.Table(
    "secret_mark",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("print", sa.String(32), nullable=False),
)
_ONLY: Final = 1


def leave_mark(ledger: Ledger, link_secret: str) -> bool:
    """Write down that the ledger is worked on with this secret from now on; returns whether it was another before."""
    mine = _print_of(link_secret)
    with ledger.writing() as connection:
        before = connection.execute(sa.select(MARK.c.print).where(MARK.c.id == _ONLY)).scalar()
        if before != mine:
            connection.execute(MARK.delete())
            connection.execute(MARK.insert().values(id=_ONLY, print=mine))
    return before not in (None, mine)


def other_secret(ledger: Ledger, link_secret: str) -> list[HealthWarning]:
    """That somebody has opened the ledger with another secret since; none where nobody has."""
    with ledger.reading() as connection:
        now = connection.execute(sa.select(MARK.c.print).where(MARK.c.id == _ONLY)).scalar()
    return [] if now in (None, _print_of(link_secret)) else [OTHER_SECRET]


OTHER_SECRET: Final = HealthWarning(
    "Another process works on this ledger with another link secret, so with another data folder.",
    "Give all processes the same FRAMETALLY_DATA_DIR (results and videos are there), and start them again.",
)


def _print_of(link_secret: str) -> str:
    """Of the secret, nothing that it could be found by."""
    return hmac.new(link_secret.encode(), b"frametally ledger", hashlib.sha256).hexdigest()[:32]
