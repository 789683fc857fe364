"""The keypoints of a person as COCO has them: what models answer with, what is drawn and what is exported."""

from __future__ import annotations

from typing import Final

COCO_PERSON: Final = (
    *("nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder"),
    *("left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip"),
    *("left_knee", "right_knee", "left_ankle", "right_ankle"),
)
"""The 17 points, by id."""
