"""Texts for the terminal."""

from __future__ import annotations


def plain(text: str) -> str:
    """The text without characters that would control the terminal: names come from outside."""
    return "".join(character if character.isprintable() else "?" for character in text)
