"""SQL statements are compiled once in a process of the tests; SQLAlchemy would compile them for each ledger."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa


class _Compiled(dict[tuple[Any, ...], Any]):
    """Compiled statements by dialect and what SQLAlchemy makes their key of, for engines of the same kind."""

    def get(self, key: tuple[Any, ...], default: Any = None) -> Any:
        return super().get((type(key[0]), *key[1:]), default)

    def __setitem__(self, key: tuple[Any, ...], compiled: Any) -> None:
        super().__setitem__((type(key[0]), *key[1:]), compiled)


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    compiled, create_engine = _Compiled(), sa.create_engine

    def sharing(*arguments: Any, **options: Any) -> sa.Engine:
        engine = create_engine(*arguments, **options)
        engine._compiled_cache = compiled
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sa, "create_engine", sharing)
        yield
