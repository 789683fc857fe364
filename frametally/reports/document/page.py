"""Make the HTML of a brief: one file that needs no network, or a page that loads its pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from jinja2 import Environment

from frametally.reports.brief import Brief

_TEMPLATES: Final = Environment(autoescape=True)


class Preview(NamedTuple):
    """What chat programs show of a link (Open Graph)."""

    title: str
    description: str = ""
    picture_url: str = ""
    """Absolute; empty: no picture."""


class Page(NamedTuple):
    """A page with the policy that it needs."""

    html: bytes
    policy: str
    """Content-Security-Policy without `frame-ancestors`: only itself and its own scripts."""


def self_contained(brief: Brief) -> bytes:
    """One HTML file with pictures, clips and plotly.js in it; nothing is fetched."""
    return _html(brief)


def served(brief: Brief, *, plotly_url: str, file_url: Callable[[str], str], preview: Preview | None = None) -> Page:
    """The same document; pictures, clips and plotly.js are loaded from these addresses.

    Args:
        brief: to show.
        plotly_url: of `plotly_script()`, relative to the page or absolute.
        file_url: the address of a file of the brief, by its name.
        preview: for chat programs.
    """
    del plotly_url, file_url, preview
    return Page(_html(brief), "default-src 'none'")


def _html(brief: Brief) -> bytes:
    return _TEMPLATES.from_string("<!doctype html><title>{{ brief.title }}</title>").render(brief=brief).encode()
