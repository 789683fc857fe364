"""The rules of the house, read from the imports themselves."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PARTS = ("components", "pages", "frametally")
MAX_LINES = 320

VOCABULARY = {
    "frametally.analysis",
    "frametally.rendering.class_colors",
    "frametally.contract",
    "frametally.errors",
    "frametally.job",
    "frametally.results",
    "frametally.clock.utc_now",
}
"""What a page may name besides components: words and pure functions, and the clock that it passes on."""

ENGINE = "frametally.engine"
CLIENT_SIDE = {
    "frametally.client",
    "frametally.deployment",
    "frametally.jobs",
    "frametally.ledger",
    "frametally.library",
}
"""What the engine, which may run alone, must do without."""

OPEN_THE_DEPLOYMENT = {"components.session", "frametally.cli.run"}
"""`app` goes through `components.session`."""

EDGES = {
    ("components.session", "os.environ"),
    ("frametally.cli.environment", "os.environ"),
    ("frametally.engine.server", "os.environ"),  # handed on to the worker process
    ("frametally.engine.worker", "os.environ"),  # from there
    ("frametally.engine.worker", "time.time"),  # a process of its own, compared with times of files
    ("frametally.rendering.video_export", "os.environ"),  # likewise, to the one that makes a video
    ("frametally.network.retry", "time.time"),  # a Retry-After that is a date
    ("frametally.clock", "datetime.now"),  # utc_now, which the workbench passes in
}
"""Where the world comes in; everything else is given it."""
WORLD = {"os.environ", "os.getenv", "time.time", "datetime.now", "datetime.utcnow", "datetime.today", "date.today"}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    module_name(path): path
    for path in (ROOT / "app.py", *(file for part in PARTS for file in (ROOT / part).rglob("*.py")))
}


def imports_of(source: str, module: str, *, is_package: bool) -> set[str]:
    """Every dotted name that a module imports, wherever in it the import stands."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")[: len(module.split(".")) - node.level + is_package] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            names |= {f"{origin}.{alias.name}" for alias in node.names}
    return names


IMPORTS = {
    name: imports_of(path.read_text(), name, is_package=path.name == "__init__.py") for name, path in MODULES.items()
}


def within(name: str, *places: str) -> bool:
    """Whether a dotted name is one of these places or lies in one."""
    return any(name == place or name.startswith(f"{place}.") for place in places)


def imported(*modules: str) -> Iterator[tuple[str, str]]:
    """(module, name it imports) for each module of these places."""
    yield from ((module, name) for module in IMPORTS if within(module, *modules) for name in sorted(IMPORTS[module]))


def ours(*modules: str) -> Iterator[tuple[str, str]]:
    yield from ((module, name) for module, name in imported(*modules) if within(name, "app", *PARTS))


def reach_of(*modules: str) -> set[str]:
    """All modules of ours that get imported with these, over any number of steps."""
    waiting, seen = [name for name in MODULES if within(name, *modules)], set[str]()
    while waiting:
        current = waiting.pop()
        if current not in seen:
            seen.add(current)
            waiting += [module for module in MODULES for name in IMPORTS[current] if is_import_of(name, module)]
    return seen


def is_import_of(name: str, module: str) -> bool:
    """Whether importing this name runs that module: itself, or something in it."""
    return name == module or name.rpartition(".")[0] == module


def test_imports_are_found_wherever_they_stand() -> None:
    source = "from . import a\nfrom ..b import c as d\nimport e.f\ndef g():\n    if True:\n        from h.i import j\n"
    assert imports_of(source, "x.y.z", is_package=False) == {"x.y.a", "x.b.c", "e.f", "h.i.j"}
    assert imports_of("from .a import b", "x.y", is_package=True) == {"x.y.a.b"}


def test_every_part_of_the_house_is_looked_at() -> None:
    assert {"app", "components.shell", "pages.jobs", "frametally.engine.detectors.architectures.yolox"} <= set(MODULES)
    assert "frametally.video.decoding" in reach_of("pages")


def test_nobody_imports_pages() -> None:
    assert [(module, name) for module, name in ours("app", *PARTS) if within(name, "pages", "app")] == []


def test_the_product_knows_no_screen() -> None:
    reached = [(module, name) for module, name in imported("frametally") if within(name, "streamlit", "components")]
    assert reached == []


def test_a_page_knows_components_and_words() -> None:
    strange = [pair for pair in ours("pages") if not within(pair[1], "components", *VOCABULARY)]
    assert strange == []


def test_the_contract_and_the_errors_import_nothing_of_ours() -> None:
    assert list(ours("frametally.contract", "frametally.errors")) == []


def test_the_client_reaches_no_engine() -> None:
    assert [
        name for name in reach_of("frametally.jobs.workflow", "frametally.client.client") if within(name, ENGINE)
    ] == []


def test_the_engine_reaches_nothing_of_the_client_side() -> None:
    assert [module for module in sorted(reach_of(ENGINE)) if within(module, *CLIENT_SIDE)] == []


def test_only_the_edges_open_the_deployment() -> None:
    opening = {module for module, name in ours("app", *PARTS) if name.endswith(".open_deployment")}
    assert opening == OPEN_THE_DEPLOYMENT


def test_only_the_edges_read_the_clock_and_the_environment() -> None:
    reading = {
        (module, text)
        for module, path in MODULES.items()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and (text := ast.unparse(node)) in WORLD
    }
    assert reading == EDGES


def test_every_way_into_a_database_hides_what_it_writes_from_the_errors() -> None:
    opening = [
        call
        for path in MODULES.values()
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("create_engine")
    ]
    assert len(opening) == 4
    assert [ast.unparse(call) for call in opening if "hide_parameters=True" not in ast.unparse(call)] == []


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_module_can_be_held_in_the_head(module: str) -> None:
    lines = MODULES[module].read_text().count("\n")
    assert lines <= MAX_LINES


def test_the_tree_in_the_readme_is_the_tree() -> None:
    drawn = re.search(r"^app\.py .*?(?=^```)", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert drawn
    above, missing = ROOT, []
    for line in drawn[0].splitlines():
        names = re.findall(r"(?:^|\s)(\.?\w+(?:\.py|/))(?=\s|$)", line)
        if not line.startswith(" "):
            above, names = ROOT, names[:1]
        missing += [name for name in names if not (above / name).exists()]
        above = ROOT / names[0] if not line.startswith(" ") and names[0].endswith("/") else above
    assert missing == []


def test_no_file_names_a_place_of_one_machine() -> None:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.skip("no git checkout")
    place = re.compile(r"(?<![\w.>])/(?:work|root|Users|home/(?!me/))/?\w")
    files = [ROOT / name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()]
    named = [file.name for file in files if place.search(file.read_bytes().decode(errors="ignore"))]
    assert named == []
