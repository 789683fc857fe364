"""Class mappings: tables of examples, and random names."""

from __future__ import annotations

import random

import numpy as np
import pytest

from frametally.analysis.class_mapping import ClassMapping, add_known

CLASSES = ("bus", "car", "person", "truck")


@pytest.mark.parametrize(
    ("text", "names", "codes"),
    [
        ("", CLASSES, [0, 1, 2, 3]),
        ("car>vehicle,truck>vehicle", ("bus", "vehicle", "person"), [0, 1, 2, 1]),
        ("truck>car", ("bus", "car", "person"), [0, 1, 2, 1]),
        ("car>truck,truck>car", ("bus", "truck", "person", "car"), [0, 1, 2, 3]),
        ("car>truck,truck>bus", ("bus", "truck", "person"), [0, 1, 2, 0]),
        ("unicorn>horse", CLASSES, [0, 1, 2, 3]),
        ("car>a,car>b", ("bus", "b", "person", "truck"), [0, 1, 2, 3]),
        ("car>a,car>car", CLASSES, [0, 1, 2, 3]),
    ],
)
def test_classes_with_the_same_name_are_merged(text: str, names: tuple[str, ...], codes: list[int]) -> None:
    mapping = ClassMapping.parse(text)
    assert mapping.names(CLASSES) == names
    assert mapping.codes(CLASSES).tolist() == codes


@pytest.mark.parametrize("text", ["car", "car>", "a>b>c", ",,,", ">", "car>,", "\\", "car\\>b"])
def test_invalid_parts_are_ignored(text: str) -> None:
    assert ClassMapping.parse(text).names(CLASSES) == CLASSES


def test_the_compact_form_escapes_only_when_needed() -> None:
    assert ClassMapping.parse("car>vehicle,truck>vehicle").format() == "car>vehicle,truck>vehicle"
    assert ClassMapping((("a,b", "c>d"), ("", "\\"))).format() == r"a\,b>c\>d,>\\"


def test_any_name_survives_the_compact_form() -> None:
    chance = random.Random(3)
    alphabet = "ab,>\\ \n%=&ü🚗'\"\t"
    for _ in range(500):
        texts = ["".join(chance.choices(alphabet, k=chance.randrange(5))) for _ in range(8)]
        pairs = {name: seen_as for name, seen_as in zip(texts[:4], texts[4:], strict=True) if seen_as not in ("", name)}
        mapping = ClassMapping(tuple(pairs.items()))
        assert ClassMapping.parse(mapping.format()) == mapping


def test_every_class_has_a_code() -> None:
    chance = random.Random(4)
    for _ in range(200):
        classes = tuple(dict.fromkeys(chance.choices("abcdefgh", k=6)))
        mapping = ClassMapping(tuple((name, chance.choice("abcxyz")) for name in classes if chance.random() < 0.5))
        names, codes = mapping.names(classes), mapping.codes(classes)
        assert [names[code] for code in codes] == [mapping.name_of(name) for name in classes]
        assert sorted(set(codes.tolist())) == list(range(len(names)))


def test_hidden_classes_have_no_code() -> None:
    mapping = ClassMapping.parse("car>vehicle,truck>vehicle", shown=("vehicle", "bus", "unicorn"))
    assert mapping.names(CLASSES) == ("bus", "vehicle")
    assert mapping.codes(CLASSES).tolist() == [0, 1, -1, 1]


def test_models_can_share_one_list_of_names() -> None:
    mapping = ClassMapping.parse("auto>car")
    names = ("car", "person")
    assert mapping.codes(("person", "car"), names).tolist() == [1, 0]
    assert mapping.codes(("auto", "dog"), names).tolist() == [0, -1]


def test_merged_values_are_joined_and_nan_stays_nan() -> None:
    mapping = ClassMapping.parse("car>vehicle,truck>vehicle", shown=("vehicle", "person"))
    nan = np.nan
    values = np.array([[1, 2, 3, 4], [1, nan, 3, 4], [1, 2, nan, nan], [nan] * 4])
    np.testing.assert_array_equal(mapping.merge(values, CLASSES, add_known), [[6, 3], [4, 3], [2, nan], [nan, nan]])
    np.testing.assert_array_equal(mapping.merge(values, CLASSES, np.fmax), [[4, 3], [4, 3], [2, nan], [nan, nan]])
