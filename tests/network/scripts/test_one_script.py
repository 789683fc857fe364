"""Modules joined to one script."""

from __future__ import annotations

from pathlib import Path

import pytest

from frametally.network.scripts.one_script import one_script


def write(folder: Path, **modules: str) -> Path:
    """A module per name; returns the one that is called `main`."""
    for name, source in modules.items():
        (folder / f"{name}.js").write_text(source)
    return folder / "main.js"


def test_a_module_comes_once_after_those_that_it_imports(tmp_path: Path) -> None:
    main = write(
        tmp_path,
        main='import { one as first } from "./one.js";\nimport { two } from "./two.js";\nexport function main() {}\n',
        one='import { two } from "./two.js";\nconst SAME = 1;\nexport class one {}\n',
        two="const SAME = 2;\nexport async function two() {}\nexport const THREE = 3;\n",
    )
    assert one_script(main) == (
        "const module0 = (() => {\nconst SAME = 2;\nasync function two() {}\nconst THREE = 3;\n"
        "return { two, THREE };\n})();\n"
        "const module1 = (() => {\nconst { two } = module0;\nconst SAME = 1;\nclass one {}\nreturn { one };\n})();\n"
        "const module2 = (() => {\nconst { one: first } = module1;\nconst { two } = module0;\nfunction main() {}\n"
        "return { main };\n})();\n"
        "export const { main } = module2;\n"
    )


@pytest.mark.parametrize(
    "source",
    [
        "import * as all from './one.js';\n",
        "export default function () {}\n",
        'import { main } from "./main.js";\nexport function main() {}\n',
    ],
)
def test_what_cannot_be_joined_is_refused(tmp_path: Path, source: str) -> None:
    with pytest.raises(ValueError, match=r"main\.js"):
        one_script(write(tmp_path, main=source))
