"""The saved models of the team."""

from __future__ import annotations

from frametally.access.permissions import Action, require
from frametally.access.person import Person
from frametally.ledger.ledger import Ledger
from frametally.ledger.presets import Preset


def save_model(ledger: Ledger, preset: Preset, *, actor: Person | None) -> None:
    """Save a model; an earlier one with the same name and service is replaced.

    Raises:
        AccessDenied: the person may not save models, or not replace this one.
    """
    require(actor, Action.SAVE_MODEL)
    if any((known.service, known.name) == (preset.service, preset.name) for known in ledger.presets.all()):
        require(actor, Action.REMOVE_MODEL)
    ledger.presets.save(preset)


def remove_model(ledger: Ledger, preset: Preset, *, actor: Person | None) -> None:
    """Remove a saved model.

    Raises:
        AccessDenied: the person may not remove saved models.
    """
    require(actor, Action.REMOVE_MODEL)
    ledger.presets.remove(preset)
