"""The settings as they are documented for users."""

from __future__ import annotations

import re

import pytest

from frametally.config.settings import SETTINGS
from tests.support.source_tree import ROOT


@pytest.mark.parametrize("place", ["README.md", ".streamlit/secrets.toml.example"])
def test_every_setting_is_explained(place: str) -> None:
    text = (ROOT / place).read_text()
    assert [setting.name for setting in SETTINGS if setting.name not in text or setting.meaning not in text] == []
    assert set(re.findall(r"FRAMETALLY_[A-Z_]*[A-Z]", text)) <= {setting.name for setting in SETTINGS}
