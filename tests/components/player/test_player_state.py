"""The state that the browser sends: taken over only if it is valid."""

from __future__ import annotations

from typing import Any

import pytest
import streamlit as st

from components.player import PlayerState, player_state

VALID: dict[str, Any] = {"seq": 3, "entry": 7, "confidence": 0.4, "classes": ["cup"], "window": [1.0, 2.5]}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    state: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", state)
    return state


def test_a_valid_state_is_taken_over(sent: dict[str, Any]) -> None:
    sent["player"] = {"view": VALID}
    assert player_state("player") == PlayerState(seq=3, entry=7, confidence=0.4, classes=("cup",), window=(1.0, 2.5))
    sent["player"] = {"view": {**VALID, "classes": None, "window": None}}
    assert player_state("player") == PlayerState(seq=3, entry=7, confidence=0.4, classes=None, window=None)


@pytest.mark.parametrize(
    "change",
    [
        {"entry": -1},
        {"entry": "7"},
        {"confidence": 1.5},
        {"confidence": None},
        {"classes": "cup"},
        {"window": [2.0, 1.0]},
        {"window": [0.0, float("inf")]},
        {"window": [1.0]},
    ],
)
def test_an_invalid_state_is_ignored(sent: dict[str, Any], change: dict[str, Any]) -> None:
    sent["player"] = {"view": VALID | change}
    assert player_state("player") is None


def test_before_the_first_change_there_is_no_state(sent: dict[str, Any]) -> None:
    assert player_state("player") is None
    sent["player"] = {}
    assert player_state("player") is None
