"""Objects in a folder that can be out of reach, or lose the response to a change."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from frametally.engine.shared.sharer import Sharer
from frametally.storage.objects import StoreUnavailable
from frametally.storage.objects.folder import FolderObjects
from frametally.storage.objects.objects import Content, StoredObject


class TroubledStore(FolderObjects):
    """`is_down` is asked before each request, `is_cut` after each change whose response it loses."""

    is_down: Callable[[], bool] = staticmethod(lambda: False)
    is_cut: Callable[[], bool] = staticmethod(lambda: False)

    def _write(self, key: str, content: Content, *, replace: bool) -> None:
        self._ask()
        super()._write(key, content, replace=replace)
        self._ask(self.is_cut)

    def read_range(self, key: str, start: int, stop: int) -> bytes:
        self._ask()
        return super().read_range(key, start, stop)

    def size(self, key: str) -> int | None:
        self._ask()
        return super().size(key)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        self._ask()
        return super().list(prefix)

    def delete(self, key: str) -> None:
        self._ask()
        super().delete(key)

    def _ask(self, is_failing: Callable[[], bool] | None = None) -> None:
        if (is_failing or self.is_down)():
            raise StoreUnavailable("The object storage does not respond.", "Try again in a moment.")


def move(sharer: Sharer) -> list[Exception]:
    """Let it bring and publish everything now; returns what failed."""
    return [*sharer.bring(), *sharer.publish()]
