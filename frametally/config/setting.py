"""Declaration of one setting, as metadata of a dataclass field.

It determines how the setting is read, its row in the README and its lines in secrets.toml.example.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from frametally.errors import SettingsError

T = TypeVar("T")

_KEY: Final = "setting"
_DATA: Final = "<data>"
"""Stands for the data folder in a default."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting as a deployment configures it."""

    name: str
    """Name of the environment variable, and the key in secrets.toml."""
    parse: Callable[[str], Any]
    """Raises ValueError with what is expected; never with the value, which may be a secret."""
    default: str
    meaning: str
    default_text: str
    """The default as the documentation shows it."""
    is_secret: bool

    def value(self, text: str, data_dir: Path) -> Any:
        """The parsed value; the default where the text is empty.

        Raises:
            SettingsError: the text is invalid; the message names the setting, and shows the text unless it is secret.
        """
        try:
            return self.parse(text or self.default.replace(_DATA, str(data_dir)))
        except ValueError as error:
            what = f"{self.name} is invalid." if self.is_secret else f"{self.name} is invalid: {text!r}."
            raise SettingsError(what, f"Use {error}.") from None


def setting(
    name: str,
    parse: Callable[[str], T],
    *,
    meaning: str,
    default: str = "",
    default_text: str = "",
    is_secret: bool = False,
) -> T:
    """Declare a dataclass field that holds a setting.

    The default is text, parsed like a configured value; in it, `<data>` stands for the data folder. Secrets are left
    out of the dataclass's `repr` and of error messages.
    """
    declared = Setting(
        name=name,
        parse=parse,
        default=default,
        meaning=meaning,
        default_text=default_text or (f"`{default}`" if default else "unset"),
        is_secret=is_secret,
    )
    metadata = {_KEY: declared}
    if _DATA in default:
        return cast("T", field(repr=not is_secret, metadata=metadata))
    return field(default_factory=lambda: parse(default), repr=not is_secret, metadata=metadata)


def settings_of(kind: type) -> Mapping[str, Setting]:
    """The settings that a dataclass declares, by field name, in order."""
    return {found.name: found.metadata[_KEY] for found in fields(kind) if _KEY in found.metadata}
