"""Rename, merge and filter the classes of a model for a view; the results themselves stay unchanged."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_CHARACTERS = re.compile(r"\\.|.", re.DOTALL)


@dataclass(frozen=True)
class ClassMapping:
    """Display names of classes. Classes with the same display name are merged; a class without one keeps its name."""

    renames: tuple[tuple[str, str], ...] = ()
    """(class of the model, display name); not chained, so two classes can swap their names."""
    shown: tuple[str, ...] | None = None
    """Display names of the classes in the view; None: all."""

    @classmethod
    def parse(cls, text: str, shown: tuple[str, ...] | None = None) -> ClassMapping:
        r"""Parse the compact form `car>vehicle,truck>vehicle`; a backslash escapes the next character (`a\,b`).

        Parts that are not `class>name`, and empty names, are ignored. If a class occurs twice, the last part counts.
        """
        display = {part[0]: part[1] for part in _split(text) if len(part) == 2 and part[1]}
        return cls(tuple((name, other) for name, other in display.items() if name != other), shown)

    def format(self) -> str:
        """The compact form; the inverse of `parse`."""
        return ",".join(f"{_escaped(name)}>{_escaped(display)}" for name, display in self.renames)

    def name_of(self, class_name: str) -> str:
        """The display name of a class of the model."""
        return dict(self.renames).get(class_name, class_name)

    def names(self, classes: Iterable[str]) -> tuple[str, ...]:
        """The display names that are shown, each at the position of its first class."""
        display = dict(self.renames)
        names = dict.fromkeys(display.get(name, name) for name in classes)
        return tuple(name for name in names if self.shown is None or name in self.shown)

    def codes(self, classes: Sequence[str], names: Sequence[str] | None = None) -> npt.NDArray[np.int32]:
        """(len(classes),) index in `names` of each class of the model; -1 for classes that are not shown.

        `names` defaults to `self.names(classes)`; pass a list to give several models the same indices.
        """
        position = {name: at for at, name in enumerate(self.names(classes) if names is None else names)}
        display = dict(self.renames)
        return np.array([position.get(display.get(name, name), -1) for name in classes], dtype=np.int32)

    def merge(self, values: Floats, classes: Sequence[str], join: Callable[[Floats, Floats], Floats]) -> Floats:
        """(m, len(classes)) values per class of the model -> (m, len(names)) per display name, merged by `join`."""
        merged = np.full((len(values), len(self.names(classes))), np.nan)
        for column, code in enumerate(self.codes(classes)):
            if code >= 0:
                merged[:, code] = join(merged[:, code], values[:, column])
        return merged


def add_known(some: Floats, more: Floats) -> Floats:
    """The sum, in which NaN counts as 0; NaN where both values are NaN."""
    return np.where(np.isnan(some), more, some + np.nan_to_num(more))


def _split(text: str) -> list[list[str]]:
    """Parts between unescaped commas, each split at its unescaped `>`."""
    parts = [[""]]
    for character in _CHARACTERS.findall(text):
        if character == ",":
            parts.append([""])
        elif character == ">":
            parts[-1].append("")
        else:
            parts[-1][-1] += character[1:] if len(character) == 2 else character
    return parts


def _escaped(name: str) -> str:
    return re.sub(r"[\\,>]", r"\\\g<0>", name)
