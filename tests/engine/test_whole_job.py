"""From an uploaded video to its results, over a real socket and a real worker process."""

from __future__ import annotations

from pathlib import Path

from tests.engine.conftest import RunningEngine


def test_motion_finds_the_moving_square_and_nothing_while_nothing_moves(
    running_engine: RunningEngine, small_video: Path
) -> None:
    job_id = running_engine.submit(running_engine.upload(small_video), fps=5)
    results = running_engine.results(job_id)
    assert results["frame_offset"] == list(range(0, 40, 2))
    assert results["time_offset"] == [round(entry / 5, 4) for entry in range(20)]
    boxes = [entry["predictions"] for entry in results["motion"]]
    assert boxes[:5] == [[]] * 5
    for frame, found in zip(range(12, 40, 2), boxes[6:], strict=True):
        assert len(found) == 1
        assert found[0]["class"] == "moving"
        assert abs(found[0]["x"] - ((frame - 10) * 6 + 24)) < 8
        assert abs(found[0]["y"] - 120) < 6
        assert found[0]["confidence"] > 0.8
    assert results["motion"][0]["image"] == {"width": 320, "height": 240}
