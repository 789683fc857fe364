"""plotly.js as it is served."""

from __future__ import annotations

from frametally.network.scripts.plotly_script import plotly_file, plotly_script, unwrapped

BODY = '"use strict";var Plotly=(()=>{})();\nwindow.Plotly = Plotly;\n'


def test_only_the_wrapper_of_the_installed_version_is_left_out() -> None:
    file, served = plotly_file().read_text(), plotly_script().decode()
    kept = served.partition("*/\n")[2]
    assert kept.startswith('"use strict";var Plotly=')
    assert kept.endswith("window.Plotly = Plotly;\n")
    assert file.startswith(served.partition("*/\n")[0])
    assert kept in file
    assert len(file) - len(served) < 500


def test_a_script_in_another_form_stays_as_it_is() -> None:
    for script in (BODY, f"(() => {{\n{BODY}return Plotly;\n}}));\n", plotly_file().read_text() + "more"):
        assert unwrapped(script) == script
