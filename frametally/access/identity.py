"""Who has signed in, as the sign-in states it; the role comes from the ledger and the settings."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from frametally.ledger.people import PERSON_PREFIX


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A verified sign-in. The email address is shown, and decides nothing."""

    issuer: str
    subject: str
    """Identifies the person at the issuer."""
    name: str = ""
    email: str = ""
    groups: tuple[str, ...] = ()
    session: str = ""
    """Identifies the sign-in of one browser; empty where a proxy keeps the session."""
    signed_in_at: datetime | None = None

    @property
    def person_id(self) -> str:
        """The id of the person in the ledger, derived from issuer and subject."""
        digest = hashlib.sha256(f"{self.issuer}\n{self.subject}".encode()).hexdigest()
        return f"{PERSON_PREFIX}{digest[:24]}"
