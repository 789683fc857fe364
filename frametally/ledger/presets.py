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


class Presets:
    """The presets of a ledger."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def all(self) -> list[Preset]:
        """Every preset, by name."""
        with self._engine.connect() as connection:
            rows = connection.execute(PRESET.select().order_by(PRESET.c.name)).mappings()
            return [Preset(name=row["name"], model=_decode_model(row["model"])) for row in rows]

    def save(self, preset: Preset) -> None:
        """Save a model choice; an earlier one with the same name is replaced."""
        with self._engine.begin() as connection:
            connection.execute(PRESET.delete().where(PRESET.c.name == preset.name))
            row = {"name": preset.name, "model": msgspec.json.encode(preset.model).decode()}
            connection.execute(PRESET.insert().values(row))

    def remove(self, name: str) -> None:
        """Remove a preset."""
        with self._engine.begin() as connection:
            connection.execute(PRESET.delete().where(PRESET.c.name == name))
