"""The short form of fuzzing; `make soak` tries inputs for ten minutes per target. Findings of the past are fixtures."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest

from frametally.errors import VideoError
from frametally.video.container import open_video
from frametally.video.frame_index import build_index
from frametally.video.probe import VideoInfo
from tests.fuzz import harness
from tests.fuzz.harness import fuzz
from tests.fuzz.mutations import mutated
from tests.support.videos import write

INPUTS = 50


@pytest.mark.parametrize("target", sorted(harness.TARGETS))
def test_every_input_gets_an_answer_with_a_reason(target: str) -> None:
    report = fuzz(target, inputs=INPUTS)
    assert report.findings == []
    assert report.inputs == INPUTS
    assert len(report.answers) > 1
    assert report.peak_bytes < harness.MAX_BYTES


def test_a_crash_a_hang_and_an_error_without_a_reason_are_findings() -> None:
    name = "tests.fuzz.broken_target"
    report = fuzz(name, inputs=5, limit_s=2.0)
    assert [finding.partition("\n")[0].removeprefix("input ") for finding in report.findings] == [
        f"0 of {name}: the process ended with -11",
        f"1 of {name}: the process took more than 2 s",
        f"2 of {name}: Traceback (most recent call last):",
        f"3 of {name}: Traceback (most recent call last):",
    ]
    assert "MemoryError" in report.findings[3]
    assert report.answers == {"fine": 1}


def test_mutations_depend_on_the_seed_only() -> None:
    content = bytes(range(256)) * 40
    assert mutated(content, [content], Random(3)) == mutated(content, [content], Random(3))
    assert len({mutated(content, [content], Random(seed)) for seed in range(100)}) > 90


def test_a_video_of_an_unknown_codec_is_refused(small_video: Path, tmp_path: Path) -> None:
    path = tmp_path / "unknown.mp4"
    path.write_bytes(small_video.read_bytes().replace(b"avc1", b"zzzz"))
    with pytest.raises(VideoError, match="unknown"), open_video(path):
        pass


def test_a_video_without_times_that_cannot_be_decoded_has_no_frames(tmp_path: Path) -> None:
    path = tmp_path / "no_times.ts"
    write(path, "libx264", {"preset": "ultrafast"}, frames=2)
    content = bytearray(path.read_bytes())
    for header in re.finditer(rb"\x00\x00\x01\xe0", content):
        content[header.start() + 7] &= 0x3F  # PTS_DTS_flags of ISO/IEC 13818-1, 2.4.3.7
    for at in range(content.index(b"\x00\x00\x01\x65") + 4, len(content)):
        if 24 <= at % 188 < 180:  # not the headers of the packets
            content[at] = 0xFF
    path.write_bytes(content)
    with pytest.raises(VideoError, match="no video frames"):
        build_index(path)


def test_at_least_one_frame_is_planned() -> None:
    info = VideoInfo(
        container="mov",
        codec="mpeg4",
        width_px=96,
        height_px=64,
        duration_s=0.0,
        frame_rate="2097098",
        frame_count=20,
        rotation_deg=0,
        size_bytes=5574,
    )
    assert info.planned_count(1.0) == 1
