"""Which classes are blurred."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.view import View
from frametally.errors import ViewError
from frametally.reports.request import BriefRequest

PERSONS: Final = ("person", "persons", "people", "pedestrian")
"""Names of the class of whole persons, in lower case."""


def blurred_names(request: BriefRequest, views: Sequence[View]) -> tuple[str, ...]:
    """Display names of the classes that are blurred.

    Raises:
        ViewError: no model of the brief has such a class, or boxes.
    """
    if not request.blurs:
        return ()
    known = [name for view in views if view.table.kind.has_boxes for name in _all_names(view)]
    persons = [name for name in dict.fromkeys(known) if name.lower() in PERSONS]
    if request.blurs_whole_persons and not persons:
        raise ViewError("No model of this view has a class for whole persons.", _known(known))
    lacking = [name for name in request.blurred if name not in known]
    if lacking:
        raise ViewError(f"No model of this view has a class {lacking[0]} that could be blurred.", _known(known))
    return tuple(dict.fromkeys([*request.blurred, *(persons if request.blurs_whole_persons else [])]))


def _all_names(view: View) -> tuple[str, ...]:
    """Those that the view does not show as well."""
    return ClassMapping(view.classes.renames).names(view.table.classes)


def _known(names: Sequence[str]) -> str:
    return f"They have: {', '.join(dict.fromkeys(names)) or 'no classes with boxes'}."
