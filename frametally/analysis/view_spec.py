"""The settings of a view as one storable value: job, models, classes, threshold, time range.

The address of the Analytics page and everything else that stores or shares a view contain exactly these settings. The
JSON form has a version, so that later versions of Frametally can read earlier forms; unknown versions are refused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.view import View
from frametally.errors import ViewError
from frametally.results import Results

VERSION: Final = 1
DEFAULT_CONFIDENCE: Final = 0.25
QUERY_NAMES: Final = ("job", "model", "compare_with", "confidence", "classes", "window", "merge", "version")
"""Query parameters of the page that belong to a view."""


class ViewSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a view, without the results.

    Raises:
        ValueError: a value is out of its range.
    """

    version: int = VERSION
    job_ids: tuple[str, ...]
    """One job, or several that are compared."""
    model: str | None = None
    """None: the first model of the results."""
    compare_with: str | None = None
    """Another model of the results."""
    renames: tuple[tuple[str, str], ...] = ()
    """(class of the model, display name), as in `ClassMapping`."""
    shown: tuple[str, ...] | None = None
    """Display names of the classes in the view; None: all."""
    confidence: float = DEFAULT_CONFIDENCE
    """Minimum confidence, 0 to 1."""
    time_range_s: tuple[float, float] | None = None
    """First and last second after the first frame, both inclusive; None: the whole video."""

    def __post_init__(self) -> None:
        if self.version != VERSION:
            raise ValueError(f"version {self.version}")
        if not self.job_ids:
            raise ValueError("no job")
        if not 0 <= self.confidence <= 1:
            raise ValueError(f"confidence {self.confidence}")
        if self.time_range_s and not 0 <= self.time_range_s[0] <= self.time_range_s[1] < math.inf:
            raise ValueError(f"time range {self.time_range_s}")

    @classmethod
    def of(cls, view: View) -> ViewSpec:
        """The settings of a view; the folder of the results has the name of the job."""
        return cls(
            job_ids=(view.results.folder.name,),
            model=view.model,
            renames=view.classes.renames,
            shown=view.classes.shown,
            confidence=view.confidence,
            time_range_s=view.time_range_s,
        )

    @property
    def classes(self) -> ClassMapping:
        return ClassMapping(self.renames, self.shown)

    def to_json(self) -> bytes:
        """The stored form."""
        return msgspec.json.encode(self)

    @classmethod
    def from_json(cls, content: bytes | str) -> ViewSpec:
        """Read the stored form.

        Raises:
            ViewError: the content is damaged or has an unknown version.
        """
        try:
            version = msgspec.json.decode(content, type=_Versioned).version
            if version != VERSION:
                raise _unknown_version(version)
            return msgspec.json.decode(content, type=cls)
        except msgspec.DecodeError as error:
            raise ViewError("This saved view is damaged.", "Create it again from the Analytics page.") from error

    def to_query(self) -> dict[str, list[str]]:
        """The page's query parameters; settings with their default value are left out."""
        query = {
            "job": list(self.job_ids),
            "model": [self.model] if self.model else [],
            "compare_with": [self.compare_with] if self.compare_with else [],
            "confidence": [] if self.confidence == DEFAULT_CONFIDENCE else [str(self.confidence)],
            "classes": list(self.shown or ()),
            "window": [str(edge_s) for edge_s in self.time_range_s or ()],
            "merge": [self.classes.format()] if self.renames else [],
        }
        return {name: values for name, values in query.items() if values}

    @classmethod
    def from_query(cls, query: Mapping[str, Sequence[str]]) -> ViewSpec:
        """Read the page's query parameters; those of other parts of the page are ignored.

        A link without `version` is of version 1.

        Raises:
            ViewError: a parameter has an invalid value, or the version is unknown.
        """
        given = {name: list(query.get(name, ())) for name in QUERY_NAMES}
        if given["version"] not in ([], [str(VERSION)]):
            raise _unknown_version(given["version"][0])
        window = [_number("window", text) for text in given["window"]]
        if len(window) not in (0, 2):
            raise _invalid("window", given["window"])
        merge = ClassMapping.parse("".join(given["merge"]))
        try:
            return cls(
                job_ids=tuple(given["job"]),
                model=next(iter(given["model"]), None),
                compare_with=next(iter(given["compare_with"]), None),
                renames=merge.renames,
                shown=tuple(given["classes"]) or None,
                confidence=_number("confidence", given["confidence"][0]) if given["confidence"] else DEFAULT_CONFIDENCE,
                time_range_s=(window[0], window[1]) if window else None,
            )
        except ValueError as error:
            raise ViewError(f"This link has an invalid value: {error}.", _NEXT_STEP) from error

    def open(self, results: Results) -> View:
        """The view of these results with these settings; `results` must be those of the job.

        Raises:
            ViewError: the results have no such model.
        """
        model = self.model or next(iter(results.models), None)
        if model is None or model not in results.models:
            raise ViewError(f"These results have no model {model}." if model else "These results have no model.")
        return View(results, model, self.confidence, self.classes, self.time_range_s)


class _Versioned(Struct):
    version: int


_NEXT_STEP: Final = "Ask for a new link, or set the filters manually."


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise _invalid(name, [text]) from error
    if not math.isfinite(value):
        raise _invalid(name, [text])
    return value


def _invalid(name: str, values: Sequence[str]) -> ViewError:
    return ViewError(f"This link has an invalid value: {name} {', '.join(values)}.", _NEXT_STEP)


def _unknown_version(version: object) -> ViewError:
    return ViewError(
        f"This view has version {version}; this installation reads version {VERSION}.",
        "Update Frametally, or create the view again.",
    )
