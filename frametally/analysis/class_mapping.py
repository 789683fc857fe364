"""Rename and merge the classes of a model for the view; the results themselves stay as they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_MARKS = re.compile(r"\\.|.", re.DOTALL)


@dataclass(frozen=True)
class ClassMapping:
    """Under which name each class is seen. Classes that get the same name are one; every other class stays itself."""

    renames: tuple[tuple[str, str], ...] = ()
    """(class of the model, name in the view); not chained, so that two classes can trade their names."""
    shown: tuple[str, ...] | None = None
    """Names in the view that are looked at; None: all."""

    @classmethod
    def parse(cls, text: str, shown: tuple[str, ...] | None = None) -> ClassMapping:
        r"""From the compact form `car>vehicle,truck>vehicle`; a backslash takes the mark after it for itself (`a\,b`).

        What is no `class>name` is left out, as is a name that is empty: such a class keeps its own. The last word on
        a class holds.
        """
        seen_as = {part[0]: part[1] for part in _split(text) if len(part) == 2 and part[1]}
        return cls(tuple((name, other) for name, other in seen_as.items() if name != other), shown)

    def format(self) -> str:
        """The compact form, which `parse` reads back."""
        return ",".join(f"{_escaped(name)}>{_escaped(seen_as)}" for name, seen_as in self.renames)

    def name_of(self, class_name: str) -> str:
        """The name that a class of the model has in the view."""
        return dict(self.renames).get(class_name, class_name)

    def names(self, classes: Iterable[str]) -> tuple[str, ...]:
        """The classes of the view that are shown, each where the first of its members stands."""
        every = dict.fromkeys(self.name_of(name) for name in classes)
        return tuple(name for name in every if self.shown is None or name in self.shown)

    def codes(self, classes: Sequence[str], names: Sequence[str] | None = None) -> npt.NDArray[np.int32]:
        """(len(classes),) for each class of the model its position in `names`; -1 where it is not shown.

        `names` are those of these classes, or of several models together.
        """
        position = {name: at for at, name in enumerate(self.names(classes) if names is None else names)}
        return np.array([position.get(self.name_of(name), -1) for name in classes], dtype=np.int32)

    def merge(self, values: Floats, classes: Sequence[str], join: Callable[[Floats, Floats], Floats]) -> Floats:
        """(m, len(classes)) values by class of the model -> (m, len(names)) by class of the view, members joined."""
        merged = np.full((len(values), len(self.names(classes))), np.nan)
        for column, code in enumerate(self.codes(classes)):
            if code >= 0:
                merged[:, code] = join(merged[:, code], values[:, column])
        return merged


def add_known(some: Floats, more: Floats) -> Floats:
    """The sum of what is known; NaN where neither is."""
    return np.where(np.isnan(some), more, some + np.nan_to_num(more))


def _split(text: str) -> list[list[str]]:
    """Parts between plain commas, each cut at its plain `>`."""
    parts = [[""]]
    for mark in _MARKS.findall(text):
        if mark == ",":
            parts.append([""])
        elif mark == ">":
            parts[-1].append("")
        else:
            parts[-1][-1] += mark[1:] if len(mark) == 2 else mark
    return parts


def _escaped(name: str) -> str:
    return re.sub(r"[\\,>]", r"\\\g<0>", name)
