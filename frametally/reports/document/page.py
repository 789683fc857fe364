"""Make the HTML of a brief: one file that needs no network, or a page that loads its pictures."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from frametally.analysis.highlights import DEFINITIONS as HIGHLIGHTS
from frametally.network.scripts.one_script import one_script
from frametally.network.scripts.plotly_script import plotly_script
from frametally.reports.brief import Brief
from frametally.reports.document.data import page_data
from frametally.reports.document.formats import FORMATS
from frametally.reports.facts import ClassRow, Corrected, Facts, Side

_WEB: Final = Path(__file__).parent / "web"
_STYLES: Final = ("theme", "page", "numbers", "charts", "evidence", "print")
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


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
    return _with_everything(brief, plotly=_packed_plotly())


def for_printing(brief: Brief) -> bytes:
    """The same with everything in its place when it is loaded: plotly.js is not compressed."""
    return _with_everything(brief, plotly_source=plotly_script().decode())


def served(
    brief: Brief,
    *,
    plotly_url: str,
    file_url: Callable[[str], str],
    preview: Preview | None = None,
    video_url: str = "",
) -> Page:
    """The same document; pictures, clips and plotly.js are loaded from these addresses, which are of the same origin.

    Args:
        brief: to show.
        plotly_url: of `plotly_script()`.
        file_url: the address of a file of the brief, by its name.
        preview: for chat programs.
        video_url: of the whole video; empty: it is not part of the page.
    """
    urls = {file.name: file_url(file.name) for file in brief.files}
    policy = f"{_POLICY}; img-src 'self' data:; media-src 'self'; script-src 'self' '{_source(_script())}'"
    return Page(_html(brief, urls, plotly_url=plotly_url, preview=preview, video_url=video_url, is_lazy=True), policy)


def _with_everything(brief: Brief, **plotly: str) -> bytes:
    urls = {file.name: _data_url(file.media_type, file.content) for file in brief.files}
    hashes = f"'{_source(_script())}' '{_source(plotly_script())}'"
    policy = f"{_POLICY}; img-src data:; media-src data:; script-src {hashes}"
    return _html(brief, urls, meta_policy=policy, **plotly)


def _html(brief: Brief, urls: Mapping[str, str], **more: Any) -> bytes:
    facts = brief.facts
    context = {
        "brief": brief,
        "facts": facts,
        "numbered_sides": list(enumerate(facts.sides)),
        "urls": urls,
        "sizes": {file.name: (file.width_px, file.height_px) for file in brief.files},
        "classes": _legend(facts),
        "class_colors": {row.name: row.color for side in facts.sides for row in side.classes},
        "corrected_means": _corrected_means,
        "moves_threshold": all(side.counts for side in facts.sides),
        "has_counts": any(side.classes for side in facts.sides),
        "highlights": HIGHLIGHTS,
        "style": _style(),
        "script": _script().decode(),
        "data": page_data(brief, urls),
        "meta_policy": "",
        "plotly": "",
        "plotly_url": "",
        "plotly_source": "",
        "is_lazy": False,
        "preview": None,
        "video_url": "",
    }
    # In pieces: as one text, a single letter outside of Latin-1 would make all of the pictures take twice the memory.
    pieces = _templates().get_template("brief.html").generate(**{**context, **more})
    return b"".join(piece.encode() for piece in pieces)


def _legend(facts: Facts) -> list[ClassRow]:
    """Each class once; rare only if it is so for every model that has it."""
    rows = [row for side in facts.sides for row in side.classes]
    common = {row.name: row for row in rows if not row.is_rare}
    return list({row.name: common.get(row.name, row) for row in rows}.values())


def _corrected_means(side: Side) -> dict[str, Corrected | None]:
    """By class; the last row may be that of all classes, which may have the name of one."""
    rows = side.checked.rows if side.checked else ()
    return {row.name: checked.mean for row, checked in zip(side.classes, rows, strict=False)}


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_WEB), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(FORMATS)
    return environment


@cache
def _style() -> str:
    return "".join((_WEB / "style" / f"{name}.css").read_text() for name in _STYLES)


@cache
def _script() -> bytes:
    return one_script(_WEB / "script" / "main.js").encode()


@cache
def _packed_plotly() -> str:
    return base64.b64encode(gzip.compress(plotly_script(), 9, mtime=0)).decode()


def _source(script: bytes) -> str:
    """As a policy names an inline script."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}"


def _data_url(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"
