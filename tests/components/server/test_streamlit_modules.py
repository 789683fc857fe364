"""The modules of Streamlit that pages name for browsers to load at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from components.server.streamlit_modules import element_preloads, streamlit_modules

STATIC = Path(st.__file__).parent / "static"


def test_the_modules_of_each_kind_of_element_exist_with_what_they_import() -> None:
    index = (STATIC / "index.html").read_text()
    for door in element_preloads():
        modules: Any = door.kwargs["modules"]
        assert all((STATIC / module[1:]).is_file() for module in modules)
        assert not [module for module in modules if module in index]
        assert sum(map(len, modules)) < 600  # proxies limit the size of headers
    assert any("/serialization." in module for module in streamlit_modules(["BidiComponent"]))


def test_a_kind_that_this_version_of_streamlit_lacks_is_left_out() -> None:
    assert streamlit_modules(["NoSuchElement"]) == []
