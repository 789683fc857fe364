"""Imports: the layers of import-linter, and the few modules that open the deployment."""

from __future__ import annotations

import ast
import subprocess
import sys

from tests.support.source_tree import MODULES, PARTS, ROOT, imports_of, own_imports, within

VOCABULARY = {
    "frametally.access.permissions",
    "frametally.analysis",
    "frametally.rendering.class_colors",
    "frametally.contract",
    "frametally.errors",
    "frametally.job",
    "frametally.results",
    "frametally.clock.utc_now",
}
"""What a page may import besides components: types, pure functions, and the clock that it passes on."""
OPEN_THE_DEPLOYMENT = {"components.session", "frametally.cli.run"}
"""The only modules that import `open_deployment`; `app` uses `components.session`."""


def test_the_contracts_of_import_linter_are_kept() -> None:
    command = "import sys; from importlinter.cli import lint_imports_command as run; sys.exit(run())"
    checked = subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_imports_are_found_at_any_place_in_a_module() -> None:
    source = "from . import a\nfrom ..b import c as d\nimport e.f\ndef g():\n    if True:\n        from h.i import j\n"
    assert imports_of(ast.parse(source), "x.y.z", is_package=False) == {"x.y.a", "x.b.c", "e.f", "h.i.j"}
    assert imports_of(ast.parse("from .a import b"), "x.y", is_package=True) == {"x.y.a.b"}


def test_every_part_of_the_product_is_examined() -> None:
    assert {"app", "components.shell", "pages.jobs", "frametally.engine.detectors.architectures.yolox"} <= set(MODULES)
    assert ("frametally.cli.run", "frametally.deployment.open_deployment") in set(own_imports("frametally"))


def test_no_module_imports_a_page_or_the_app() -> None:
    assert [(module, name) for module, name in own_imports("app", *PARTS) if within(name, "pages", "app")] == []


def test_a_page_imports_components_and_vocabulary_only() -> None:
    assert [pair for pair in own_imports("pages") if not within(pair[1], "components", *VOCABULARY)] == []


def test_only_the_edges_open_the_deployment() -> None:
    opening = {module for module, name in own_imports("app", *PARTS) if name.endswith(".open_deployment")}
    assert opening == OPEN_THE_DEPLOYMENT
