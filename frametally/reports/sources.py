"""What a brief is made of: results, their video, and what is known of both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from frametally.analysis.view import View
from frametally.regions.shapes import RegionSet
from frametally.rendering.class_colors import class_colors
from frametally.reports.facts import CheckedFrames
from frametally.results import Results
from frametally.video.frame_index import FrameIndex


@dataclass(frozen=True, kw_only=True)
class BriefVideo:
    """The video that the results are about. Its path never gets into a brief."""

    path: Path
    index: FrameIndex
    file_name: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class BriefNote:
    """A note that was pinned to a frame."""

    entry: int
    time_s: float
    """Seconds after the first frame."""
    text: str


@dataclass(frozen=True, kw_only=True)
class BriefSources:
    """Results, placed on the frames of their video."""

    results: Results
    video: BriefVideo | None = None
    """None: a brief without pictures."""
    video_name: str = ""
    """If there is no video."""
    infer_fps: float | None = None
    service: str = ""
    """Where the models ran, without an address."""
    model_sha256: Mapping[str, str] = field(default_factory=dict)
    """Lower-case hex by model, where known."""
    regions: RegionSet | None = None
    camera: str = ""
    """Whose lines and zones these are."""
    notes: tuple[BriefNote, ...] = ()
    checked: Callable[[View], CheckedFrames | None] = lambda _: None
    """What people have seen in frames of a view."""
    colors: Callable[[Iterable[str]], Mapping[str, str]] = class_colors
    """Hex colors of class names."""
