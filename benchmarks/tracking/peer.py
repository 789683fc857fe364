"""Runs in an environment that has `trackers`, TrackEval and motmetrics, and nothing of Frametally.

python peer.py track DETECTIONS.npz OUT.npz     ByteTrack of `trackers` on these detections
python peer.py score FOLDER                     scores of every case in the folder, as JSON
python peer.py truth                            where the truth of TUD is
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np


def track(source: str, target: str) -> None:
    """ByteTrack with its defaults; it is given the frame rate and the time of each frame."""
    import supervision as sv
    from trackers import ByteTrackTracker

    case = np.load(source)
    boxes, times_s, fps = case["boxes"], case["times_s"], float(case["fps"])
    bounds = np.searchsorted(boxes[:, 0], np.arange(len(times_s) + 1))
    looks = [
        sv.Detections(
            xyxy=boxes[start:stop, 1:5].astype(np.float32),
            confidence=boxes[start:stop, 5].astype(np.float32),
            class_id=boxes[start:stop, 6].astype(int),
            data={"row": np.arange(start, stop)},
        )
        for start, stop in pairwise(bounds)
    ]
    tracker, numbers = ByteTrackTracker(frame_rate=fps), np.full(len(boxes), -1)
    started = time.process_time()
    for look, at_s in zip(looks, times_s.tolist(), strict=True):
        tracked = tracker.update(look, timestamp=at_s)
        if len(tracked):
            numbers[tracked.data["row"]] = tracked.tracker_id
    np.savez(target, numbers=numbers, seconds=time.process_time() - started)


def score(folder: str) -> None:
    """HOTA, IDF1 and MOTA of the numbers in each file."""
    print(json.dumps({path.stem: scores(np.load(path)) for path in sorted(Path(folder).glob("*.npz"))}))


def scores(case: Any) -> dict[str, float]:
    """Of one tracker on one sequence; objects of which less than 0.3 is visible are not expected."""
    from trackeval.metrics import CLEAR, HOTA, Identity

    truth, boxes, numbers = case["truth"], case["boxes"], case["numbers"]
    truth, boxes, numbers = truth[truth[:, 7] >= 0.3], boxes[numbers >= 0], numbers[numbers >= 0]
    objects, tracks = (np.unique(ids, return_inverse=True)[1] for ids in (truth[:, 1], numbers))
    frames = np.unique(np.concatenate([truth[:, 0], boxes[:, 0]]))
    data: dict[str, Any] = {"gt_ids": [], "tracker_ids": [], "similarity_scores": [], "num_timesteps": len(frames)}
    for frame in frames:
        here = slice(*np.searchsorted(truth[:, 0], [frame, frame + 0.5]))
        there = slice(*np.searchsorted(boxes[:, 0], [frame, frame + 0.5]))
        data["gt_ids"].append(objects[here])
        data["tracker_ids"].append(tracks[there])
        data["similarity_scores"].append(overlaps(truth[here, 3:7], boxes[there, 1:5]))
    data |= {"num_gt_ids": int(objects.max(initial=-1)) + 1, "num_tracker_ids": int(tracks.max(initial=-1)) + 1}
    data |= {"num_gt_dets": len(truth), "num_tracker_dets": len(boxes)}
    return {
        "HOTA": float(np.mean(HOTA().eval_sequence(data)["HOTA"])),
        "IDF1": float(Identity({"PRINT_CONFIG": False}).eval_sequence(data)["IDF1"]),
        "MOTA": float(CLEAR({"PRINT_CONFIG": False}).eval_sequence(data)["MOTA"]),
    }


def overlaps(first: Any, second: Any) -> Any:
    """Intersection over union of each pair."""
    low, high = (np.maximum(first[:, None, :2], second[:, :2]), np.minimum(first[:, None, 2:], second[:, 2:]))
    both = (high - low).clip(0).prod(axis=2)
    areas = [(some[:, 2:] - some[:, :2]).prod(axis=1) for some in (first, second)]
    return both / (areas[0][:, None] + areas[1] - both + 1e-9)


def truth() -> None:
    """Print the folder of the truth that motmetrics brings."""
    import motmetrics

    print(Path(motmetrics.__file__).parent / "data")


if __name__ == "__main__":
    commands: dict[str, Callable[..., None]] = {"track": track, "score": score, "truth": truth}
    commands[sys.argv[1]](*sys.argv[2:])
