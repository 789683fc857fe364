"""The start of a recording from the metadata of its file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import av
import numpy as np
import pytest

from frametally.video.recording_start import recording_start

SUMMER = timezone(timedelta(hours=2))


def clip(path: Path, **metadata: str) -> Path:
    options = {"movflags": "use_metadata_tags"}
    with av.open(str(path), "w", options=options) as container:
        container.metadata.update({name.replace("__", "."): value for name, value in metadata.items()})
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
        container.mux([*stream.encode(frame), *stream.encode(None)])
    return path


@pytest.mark.parametrize(
    ("metadata", "start"),
    [
        ({}, None),
        ({"creation_time": "2026-06-01T12:20:00Z"}, datetime(2026, 6, 1, 12, 20, tzinfo=UTC)),
        (
            {
                "creation_time": "2026-06-01T12:25:00Z",
                "com__apple__quicktime__creationdate": "2026-06-01T14:20:00+0200",
            },
            datetime(2026, 6, 1, 14, 20, tzinfo=SUMMER),
        ),
        ({"creation_time": "1970-01-01T00:00:00Z"}, None),
    ],
)
def test_the_start_has_a_time_zone_or_is_unknown(
    tmp_path: Path, metadata: dict[str, str], start: datetime | None
) -> None:
    found = recording_start(clip(tmp_path / "clip.mov", **metadata))
    assert found == start
    assert found is None or start is None or found.utcoffset() == start.utcoffset()


def test_a_file_that_is_no_video_has_no_start(tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("no video")
    assert recording_start(tmp_path / "notes.mp4") is None
