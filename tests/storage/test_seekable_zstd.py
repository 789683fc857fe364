"""Seekable zstd files: exact content, random access, the zstd command, damage."""

from __future__ import annotations

import io
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from frametally.storage.seekable_zstd import FRAME_BYTES, SeekableZstdFile, compress_seekable

CONTENTS = {
    "empty": b"",
    "byte order mark": b'\xef\xbb\xbf {"a": 1}\r\n',
    "not a number": b'{"a": [NaN, -Infinity]}  ',
    "truncated": b'{"a": [1, 2',
    "binary": random.Random(3).randbytes(3 * FRAME_BYTES + 17),
    "one frame": b"x" * FRAME_BYTES,
    "many blocks": b"[" + b"0123456, 789, " * 500_000 + b"0]",
}


def compressed(folder: Path, content: bytes) -> Path:
    path = folder / "content.zst"
    blocks: list[bytes] = []
    with path.open("wb") as target:
        compress_seekable(io.BytesIO(content), target, lambda block: blocks.append(bytes(block)))
    assert b"".join(blocks) == content
    return path


@pytest.mark.parametrize("name", CONTENTS)
def test_the_content_is_unchanged(tmp_path: Path, name: str) -> None:
    with SeekableZstdFile(compressed(tmp_path, CONTENTS[name])) as file:
        assert file.size_bytes == len(CONTENTS[name])
        assert file.read() == CONTENTS[name]


@pytest.mark.skipif(shutil.which("zstd") is None, reason="needs the zstd command")
@pytest.mark.parametrize("name", CONTENTS)
def test_the_zstd_command_reads_the_file(tmp_path: Path, name: str) -> None:
    path = compressed(tmp_path, CONTENTS[name])
    assert subprocess.run(["zstd", "-dc", path], capture_output=True, check=True).stdout == CONTENTS[name]


def test_any_part_is_read_by_seeking(tmp_path: Path) -> None:
    content = CONTENTS["many blocks"]
    chance = random.Random(5)
    with SeekableZstdFile(compressed(tmp_path, content)) as file:
        for _ in range(30):
            start, size = chance.randrange(len(content)), chance.randrange(3 * FRAME_BYTES)
            file.seek(start)
            part = bytearray()
            while len(part) < size and (more := file.read(size - len(part))):
                part += more
            assert part == content[start : start + size]
        assert file.seek(-3, io.SEEK_END) == len(content) - 3
        assert file.read() == content[-3:]


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: b"",
        lambda whole: whole[:-1],
        lambda whole: whole[: len(whole) // 2],
        lambda whole: b"\0" * len(whole),
        lambda whole: whole + b"x",
        lambda whole: b"x" + whole,
        lambda whole: b"\0" * 1000 + whole[1000:],
    ],
)
def test_a_damaged_file_raises(tmp_path: Path, damage: object) -> None:
    path = compressed(tmp_path, CONTENTS["many blocks"])
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(OSError, match=r"(?i)zstd"), SeekableZstdFile(path) as file:
        file.read()
