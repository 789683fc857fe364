"""The name of a ledger in messages."""

from __future__ import annotations

import pytest

from frametally.ledger.snapshot import ledger_in_words


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql+psycopg://me:S3cret@db:5433/tally?sslpassword=S3cret", "postgresql+psycopg://me@db:5433/tally"),
        ("sqlite:////data/frametally.db", "/data/frametally.db"),
    ],
)
def test_a_ledger_is_shown_without_its_password(url: str, words: str) -> None:
    assert ledger_in_words(url) == words
