"""The files that the player loads: its scripts, and the plotly.js of the installed package."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from starlette.middleware import Middleware

from frametally.network.assets import AssetBundle
from frametally.network.doors.preloads import Preloads
from frametally.network.scripts.one_script import one_script
from frametally.network.scripts.plotly_script import plotly_script

SCRIPT_FILE: Final = "player.js"
PLOTLY_FILE: Final = "plotly.min.js"
_WEB: Final = Path(__file__).parent / "web"

SCRIPTS: Final = AssetBundle({SCRIPT_FILE: lambda: one_script(_WEB / SCRIPT_FILE).encode()})
PLOTLY: Final = AssetBundle({PLOTLY_FILE: plotly_script})


def player_preloads(page: str) -> Middleware:
    """Lets browsers load these files together with the page that has the player."""
    return Middleware(Preloads, page=page, modules=[SCRIPTS.url(SCRIPT_FILE)], scripts=[PLOTLY.url(PLOTLY_FILE)])
