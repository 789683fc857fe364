"""Presets: model choices that the team saved under a name."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from frametally.job import ModelChoice
from frametally.ledger.tables import PRESET

_decode_model = msgspec.json.Decoder(ModelChoice).decode


class Preset(Struct, frozen=True, kw_only=True):
    """A saved model choice."""

    name: str
    model: ModelChoice
    service: str = ""
    """The service that has the model, as in `Job.service`; empty where that is not known (saved by version 1)."""


class Presets:
    """The presets of a ledger."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def all(self) -> list[Preset]:
        """Every preset, by name."""
        with self._engine.connect() as connection:
            rows = connection.execute(PRESET.select().order_by(PRESET.c.name, PRESET.c.service)).mappings()
            return [Preset(name=row["name"], model=_decode_model(row["model"]), service=row["service"]) for row in rows]

    def save(self, preset: Preset) -> None:
        """Save a model choice; an earlier one with the same name and service is replaced."""
        row = {"service": preset.service, "name": preset.name, "model": msgspec.json.encode(preset.model).decode()}
        with self._engine.begin() as connection:
            connection.execute(PRESET.delete().where(_is(preset)))
            connection.execute(PRESET.insert().values(row))

    def remove(self, preset: Preset) -> None:
        """Remove a preset."""
        with self._engine.begin() as connection:
            connection.execute(PRESET.delete().where(_is(preset)))


def _is(preset: Preset) -> sa.ColumnElement[bool]:
    return sa.and_(PRESET.c.service == preset.service, PRESET.c.name == preset.name)
