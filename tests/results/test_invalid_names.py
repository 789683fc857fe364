"""Class names that are not valid UTF-8."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.documents import archived, box, document, entry


def test_a_file_with_only_invalid_utf8_names_has_an_unknown_key(tmp_path: Path) -> None:
    content = json.dumps(document(entry(box("NAME")))).encode().replace(b"NAME", b"\xff")
    assert archived(tmp_path, content).unknown_keys == ("cars",)


def test_an_invalid_utf8_name_affects_its_entry_only(tmp_path: Path) -> None:
    content = json.dumps(document(entry(box("NAME")), entry(box("car")), None)).encode().replace(b"NAME", b"\xff")
    cars = archived(tmp_path, content).models["cars"]
    assert (cars.classes, cars.mismatched, cars.analyzed.tolist()) == (("car",), 1, [False, True, False])
