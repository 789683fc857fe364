"""Read XML from outside: without a document type, so without entities, and with bounded depth and size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.parsers import expat

from frametally.errors import EvaluationError
from frametally.evaluation.formats.limits import MAX_BYTES

_CHUNK_BYTES: Final = 1 << 18
_MAX_DEPTH: Final = 12
_MAX_TEXT_CHARS: Final = 10_000
"""Of one element; what is longer is cut: only short texts are used."""


@dataclass(slots=True)
class Element:
    """One element with what is in it."""

    tag: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    text: str = ""

    def find(self, *path: str) -> Element | None:
        """The first element at this path below it."""
        if not path:
            return self
        return next((found.find(*path[1:]) for found in self.children if found.tag == path[0]), None)

    def text_at(self, *path: str) -> str:
        """The text at this path; empty without one."""
        found = self.find(*path)
        return found.text.strip() if found else ""


class _Refused(Exception):
    """The file has what is not read."""


class _Reader:
    def __init__(self, root: str) -> None:
        self.complete: list[Element] = []
        self._root = root
        self._open: list[Element] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self._open and tag != self._root:
            raise _Refused(f"its root is not {self._root}")
        if len(self._open) >= _MAX_DEPTH:
            raise _Refused("it is nested too deeply")
        self._open.append(Element(tag, attributes))

    def text(self, data: str) -> None:
        if self._open and len(self._open[-1].text) < _MAX_TEXT_CHARS:
            self._open[-1].text += data[:_MAX_TEXT_CHARS]

    def end(self, _: str) -> None:
        element = self._open.pop()
        if len(self._open) > 1:
            self._open[-1].children.append(element)
        elif self._open:
            self.complete.append(element)

    def doctype(self, *_: object) -> None:
        raise _Refused("it has a document type")


def elements_of(path: Path, root: str) -> Iterator[Element]:
    """The elements below the root one by one, each complete.

    Raises:
        EvaluationError: the file cannot be read, is not XML, has a document type or another root.
    """
    reader = _Reader(root)
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        for chunk in _chunks(path):
            parser.Parse(chunk)
            yield from reader.complete
            reader.complete.clear()
        parser.Parse(b"", True)
    except (expat.ExpatError, _Refused, ValueError, LookupError) as error:  # LookupError: of an encoding
        raise EvaluationError(f"{path.name} cannot be read as XML: {error}.", "Check the file.") from error


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            for _ in range(0, MAX_BYTES, _CHUNK_BYTES):
                chunk = file.read(_CHUNK_BYTES)
                if not chunk:
                    return
                yield chunk
    except OSError as error:
        raise EvaluationError(f"{path.name} cannot be read: {error.strerror}.", "Check the path.") from error
    raise EvaluationError(f"{path.name} is larger than {MAX_BYTES >> 20} MiB.", "Split the labels.")
