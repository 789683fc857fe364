"""A store that does not respond: requests fail within seconds, then at once, and work by themselves when it does."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from frametally.storage.objects import Objects, StoreUnavailable, open_objects
from frametally.storage.objects import outage as outage_module
from frametally.storage.objects.outage import Outage
from tests.support.object_storage import BUCKET, ObjectStorage, object_storage
from tests.support.polling import until

LIMIT_S = 20.0
"""A silent store is given up after 4 s; the rest is for a busy machine. A patient request would wait for a minute."""


@pytest.fixture(scope="module")
def storage() -> Iterator[ObjectStorage]:
    with object_storage() as running:
        yield running


@pytest.fixture
def objects(storage: ObjectStorage, tmp_path: Path) -> Objects:
    return open_objects(f"s3://{BUCKET}/{tmp_path.name}", storage.keys, is_patient=False)


def test_the_store_is_asked_in_the_background_until_it_responds() -> None:
    answers = iter([False, False, True])
    asked: list[str] = []

    def responds() -> bool:
        asked.append(threading.current_thread().name)
        return next(answers)

    outage = Outage(responds, ask_every_s=0.01)
    assert outage.is_over
    for _ in range(3):
        outage.begin()
    assert until(lambda: outage.is_over)
    assert asked == ["object storage outage"] * 3


def test_a_store_that_no_request_needs_is_not_asked_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outage_module, "FORGET_AFTER_S", -1.0)
    outage = Outage(lambda: False, ask_every_s=0.01)
    outage.begin()
    assert until(lambda: outage.is_over)


def test_an_outage_that_cannot_be_watched_is_over_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError

    outage = Outage(lambda: False)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        outage.begin()
    assert outage.is_over


def calls_of(objects: Objects, large: Path) -> list[Callable[[], object]]:
    large.write_bytes(bytes(20 << 20))
    return [
        lambda: objects.size("a"),
        lambda: objects.read("a"),
        lambda: objects.read_range("a", 0, 9),
        lambda: objects.list("a"),
        lambda: objects.put_new("b", b"1"),
        lambda: objects.put_new("b", bytes(8 << 20)),
        lambda: objects.put("b", large),
        lambda: objects.delete("a"),
    ]


def test_a_silent_store_holds_up_one_request_and_no_other(
    storage: ObjectStorage, objects: Objects, tmp_path: Path
) -> None:
    objects.put("a", b"0123456789")
    storage.answers.clear()
    began_s = time.monotonic()
    try:
        for call in calls_of(objects, tmp_path / "large"):
            with pytest.raises(StoreUnavailable, match="does not respond"):
                call()
    finally:
        storage.answers.set()
    assert time.monotonic() - began_s < LIMIT_S

    def read() -> bytes:
        try:
            return objects.read("a")
        except StoreUnavailable:
            return b""

    assert until(read) == b"0123456789"
    for call in calls_of(objects, tmp_path / "large"):
        call()


def test_a_black_hole_holds_up_one_request_and_no_other(storage: ObjectStorage, tmp_path: Path) -> None:
    """It takes connections, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as hole:
        keys = {**storage.keys, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{hole.getsockname()[1]}"}
        objects = open_objects(f"s3://{BUCKET}/hole", keys, is_patient=False)
        began_s = time.monotonic()
        for call in calls_of(objects, tmp_path / "large"):
            with pytest.raises(StoreUnavailable, match="does not respond"):
                call()
        assert time.monotonic() - began_s < LIMIT_S


def test_a_refused_request_is_no_outage(storage: ObjectStorage) -> None:
    keys = {**storage.keys, "AWS_SECRET_ACCESS_KEY": "another"}
    objects = open_objects(f"s3://{BUCKET}/refused", keys, is_patient=False)
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="refused"):
            objects.read("a")


def test_a_store_that_asks_to_slow_down_for_a_moment_is_asked_again(storage: ObjectStorage, objects: Objects) -> None:
    storage.fail_next = 3
    objects.put("a", b"1")
    assert objects.read("a") == b"1"
