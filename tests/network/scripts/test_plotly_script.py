"""plotly.js as it is served."""

from __future__ import annotations

import re

from plotly.graph_objects import Figure

from frametally.network.scripts.plotly_script import TRACES, plotly_file, plotly_script, unwrapped, with_kinds
from tests.support.source_tree import ROOT

BODY = '"use strict";var Plotly=(()=>{})();\nwindow.Plotly = Plotly;\n'
REGISTERED = re.compile(r"\.register\(\[((?:[\w$]+\(\),)*[\w$]+\(\))\]\);[\w$]+\.exports=")
TYPE = re.compile(r'"?\btype"?: ?"(\w+)"|go\.(\w+)\(')


def test_the_installed_version_loses_its_wrapper_and_all_kinds_but_ours() -> None:
    file, served = plotly_file().read_text(), plotly_script().decode()
    kept = served.partition("*/\n")[2]
    assert kept.startswith('"use strict";var Plotly=')
    assert kept.endswith("window.Plotly = Plotly;\n")
    assert file.startswith(served.partition("*/\n")[0])
    before, after = REGISTERED.findall(file)[-1], REGISTERED.findall(served)[-1]
    assert kept.replace(after, before) in file
    assert len(before.split(",")) > 40
    assert len(after.split(",")) == len(TRACES) - 1
    assert set(after.split(",")) <= set(before.split(","))


def test_our_charts_have_no_other_kinds() -> None:
    known = {kind for kind in dir(Figure()) if kind.startswith("add_")}
    sources = [path for room in ("components", "frametally") for path in (ROOT / room).rglob("*.[pj][ys]")]
    named = {(one[0] or one[1]).lower() for path in sources for one in TYPE.findall(path.read_text())}
    assert {kind for kind in named if f"add_{kind}" in known} == TRACES


def test_a_script_in_another_form_stays_as_it_is() -> None:
    for script in (BODY, f"(() => {{\n{BODY}return Plotly;\n}}));\n", plotly_file().read_text() + "more"):
        assert unwrapped(script) == script
    whole = unwrapped(plotly_file().read_text())
    for script, kinds in ((BODY, TRACES), (whole, {"bar", "unknown"}), (whole + whole, {"bar"})):
        assert with_kinds(script, kinds) == script
