"""Detect that two data folders use the same ledger, by the link secret of each."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

import sqlalchemy as sa

from frametally.health.checks import HealthWarning
from frametally.ledger.ledger import Ledger
from frametally.ledger.tables import SECRET_MARK

_ID: Final = 1
"""The table has one row."""

OTHER_SECRET: Final = HealthWarning(
    "Another process uses this ledger with another link secret, and therefore another data folder.",
    "Set the same FRAMETALLY_DATA_DIR for all processes, so that they share results and videos, and restart them.",
)


def record_secret(ledger: Ledger, link_secret: str) -> bool:
    """Record which link secret the ledger is used with; returns whether a different one was recorded before."""
    fingerprint = _fingerprint(link_secret)
    with ledger.writing() as connection:
        before = connection.execute(_recorded()).scalar()
        if before != fingerprint:
            connection.execute(SECRET_MARK.delete())
            connection.execute(SECRET_MARK.insert().values(id=_ID, print=fingerprint))
    return before not in (None, fingerprint)


def secret_warnings(ledger: Ledger, link_secret: str) -> list[HealthWarning]:
    """A warning if the recorded secret is not this one: a process with another secret has started since."""
    with ledger.reading() as connection:
        recorded = connection.execute(_recorded()).scalar()
    return [] if recorded in (None, _fingerprint(link_secret)) else [OTHER_SECRET]


def _recorded() -> sa.Select[str]:
    return sa.select(SECRET_MARK.c.print).where(SECRET_MARK.c.id == _ID)


def _fingerprint(link_secret: str) -> str:
    """A keyed hash, from which the secret cannot be derived."""
    return hmac.new(link_secret.encode(), b"frametally ledger", hashlib.sha256).hexdigest()[:32]
