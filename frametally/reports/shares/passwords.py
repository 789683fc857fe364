"""Passwords of links: what is kept of one, and the cookie of a browser that has given it."""

from __future__ import annotations

import hashlib
import secrets
import threading
from typing import Final

from itsdangerous import BadData, URLSafeTimedSerializer

from frametally.ledger.shares import Share
from frametally.network.doors.secrets import same_secret

COOKIE: Final = "frametally_share"
COOKIE_LIFETIME_S: Final = 12 * 3600
MAX_PASSWORD_CHARS: Final = 200
_N, _R, _P = 1 << 14, 8, 1
_SALT_BYTES: Final = 16
AT_ONCE: Final = 2
"""Hashes that are made at the same time: each takes 16 MiB and tens of milliseconds."""
_MAKING: Final = threading.BoundedSemaphore(AT_ONCE)


def hash_password(password: str) -> str:
    """What is kept of a password; empty for none."""
    if not password:
        return ""
    salt = secrets.token_bytes(_SALT_BYTES)
    return f"scrypt:{_N}:{_R}:{_P}:{salt.hex()}:{_scrypt(password, salt, _N, _R, _P).hex()}"


def is_password(password: str, kept: str) -> bool:
    """Whether it is the one that was kept, compared in constant time."""
    _, n, r, p, salt, digest = kept.split(":")
    given = _scrypt(password[:MAX_PASSWORD_CHARS], bytes.fromhex(salt), int(n), int(r), int(p))
    return same_secret(given.hex(), digest)


class Unlocked:
    """Cookies of browsers in which the password of a link was given; another password makes them invalid."""

    def __init__(self, secret: str) -> None:
        self._signer = URLSafeTimedSerializer(secret, salt="frametally.share.unlocked")

    def cookie(self, share: Share) -> str:
        """The value for a browser that has given the password."""
        return str(self._signer.dumps(_mark(share)))

    def has(self, share: Share, cookie: str) -> bool:
        """Whether this browser may read the share."""
        if not share.password_hash:
            return True
        try:
            mark = self._signer.loads(cookie, max_age=COOKIE_LIFETIME_S)
        except BadData:
            return False
        return same_secret(str(mark), _mark(share))


def _mark(share: Share) -> str:
    return hashlib.sha256(f"{share.id}\n{share.password_hash}".encode()).hexdigest()[:32]


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    with _MAKING:
        return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=64 << 20)
