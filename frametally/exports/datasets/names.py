"""Names from outside in texts that have a name in each line."""

from __future__ import annotations


def one_line(name: str) -> str:
    """The name without line breaks and control characters."""
    return " ".join("".join(char if char.isprintable() else " " for char in name).split())
