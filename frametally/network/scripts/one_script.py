"""The scripts of a page as one: browsers fetch, compile and keep one file faster than forty.

Each module becomes a function that returns what it exports, after those that it imports. So their names stay apart.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

_IMPORT: Final = re.compile(r'^import \{([^}]+)\} from "([^"]+)";$', re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (?=(?:(?:async )?function|class|const) (\w+))", re.MULTILINE)
_OTHER: Final = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def one_script(entry: Path) -> str:
    """The module `entry` with all modules that it imports, as one module with the same exports.

    Raises:
        ValueError: a module imports or exports in another form than ours do, or modules import each other in a circle.
    """
    places: dict[Path, str] = {}
    parts: list[str] = []
    exported = _add(entry.resolve(), places, parts)
    return "".join([*parts, f"export const {{ {', '.join(exported)} }} = {places[entry.resolve()]};\n"])


def _add(path: Path, places: dict[Path, str], parts: list[str]) -> list[str]:
    """Append the module after those that it imports, and note its place; returns the names that it exports."""
    places[path] = ""  # a circle would find it
    source = path.read_text()

    def imported(match: re.Match[str]) -> str:
        other = (path.parent / match[2]).resolve()
        if other not in places:
            _add(other, places, parts)
        if not places[other]:
            raise ValueError(f"{path.name} and {other.name} import each other.")
        return f"const {{{match[1].replace(' as ', ': ')}}} = {places[other]};"

    body = _EXPORT.sub("", _IMPORT.sub(imported, source))
    if unknown := _OTHER.search(body):
        raise ValueError(f"{path.name} has an unknown form of import or export: {unknown[0]}")
    exported = _EXPORT.findall(source)
    places[path] = f"module{len(parts)}"
    parts.append(f"const {places[path]} = (() => {{\n{body}return {{ {', '.join(exported)} }};\n}})();\n")
    return exported
