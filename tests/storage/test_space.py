"""Free space: the reserve, the error for a full disk, and sizes as text."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest

from frametally.storage import space
from frametally.storage.space import DiskFull, check_room, explain_disk_full, format_size, write_at


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (259_000, "259 KB"),
        (999_499, "999 KB"),
        (999_500, "1 MB"),
        (95_400_000, "95.4 MB"),
        (100_000_000, "100 MB"),
        (1_500_000_000, "1.5 GB"),
        (2_000_000_000_000, "2 TB"),
    ],
)
def test_sizes_have_three_significant_digits_in_decimal_units(size_bytes: int, text: str) -> None:
    assert format_size(size_bytes) == text


def test_a_file_must_leave_the_reserve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1000 + space.DISK_RESERVE_BYTES)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    check_room(tmp_path, 1000)
    with pytest.raises(DiskFull, match="no room for this table"):
        check_room(tmp_path, 1001, "this table")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_explained(number: int) -> None:
    with pytest.raises(DiskFull, match="no room for this video") as raised, explain_disk_full():
        raise OSError(number, "full")
    assert raised.value.next_step == space.SMALLER_FILE


def test_other_errors_of_the_disk_pass_unchanged() -> None:
    with pytest.raises(PermissionError), explain_disk_full():
        raise PermissionError(errno.EACCES, "denied")


def test_a_piece_is_written_at_its_offset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"0123456789")
    write_at(path, 2, b"ab")
    assert path.read_bytes() == b"01ab456789"
    monkeypatch.setattr(space, "DISK_RESERVE_BYTES", 2**61)
    with pytest.raises(DiskFull):
        write_at(path, 2, b"cd")
    assert path.read_bytes() == b"01ab456789"
