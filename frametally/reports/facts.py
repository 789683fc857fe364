"""What the document of a brief states, without its pictures."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class ClassRow(Struct, frozen=True, kw_only=True):
    """A class, and its metrics at the threshold of the brief, as `analysis.totals` defines them."""

    name: str
    color: str
    is_rare: bool = False
    """Not drawn until it is asked for."""
    mean: float | None = None
    peak: int | None = None
    present: float | None = None
    present_s: float | None = None
    first_seen_s: float | None = None
    last_seen_s: float | None = None


class Highlight(Struct, frozen=True, kw_only=True):
    """A number at the top."""

    name: str
    value: str
    detail: str = ""
    color: str = ""


class ScoreRow(Struct, frozen=True, kw_only=True):
    """A class of results without boxes, as `analysis.scores` defines its metrics."""

    name: str
    color: str
    mean: float | None
    highest: float | None
    top: float | None


class Chart(Struct, frozen=True, kw_only=True):
    """A chart as JSON of plotly; the document adds size and the colors of its theme."""

    title: str
    definition: str
    figure: dict[str, Any]
    is_of_counts: bool = False
    """Whether its values follow the threshold and the classes."""


class Corrected(Struct, frozen=True, kw_only=True):
    """A number of the model, and the same corrected by checked frames, with its 95 % interval."""

    model: float
    corrected: float
    low: float
    high: float


class CheckedRow(Struct, frozen=True, kw_only=True):
    """A class, or all of them together."""

    name: str
    mean: Corrected | None
    """Objects per frame; None: too few checked frames to say."""
    total: Corrected | None
    """In all frames that could be checked, each object counted in each frame."""


class CheckedPart(Struct, frozen=True, kw_only=True):
    """A part of the time range."""

    start_s: float
    end_s: float
    means: tuple[Corrected | None, ...]
    """Objects per frame, of each class; None: too few checked frames to say."""


class CheckedFrames(Struct, frozen=True, kw_only=True):
    """What people have seen in a sample of the frames, beside what the model found."""

    rows: tuple[CheckedRow, ...]
    """In the order of the classes; at the end one of all of them, where there are several."""
    parts: tuple[CheckedPart, ...]
    """For the chart: as many as the checked frames allow."""
    how_many: str
    """Of how many they were drawn, and when."""
    people: tuple[str, ...]
    """Who has checked frames, and when."""
    remarks: tuple[str, ...]
    """What limits the numbers."""
    method: str
    """Of the correction and its interval."""
    is_preliminary: bool = False
    """Whether planned frames are still to be checked."""


class Side(Struct, frozen=True, kw_only=True):
    """One model."""

    model: str
    has_boxes: bool
    classes: tuple[ClassRow, ...] = ()
    scores: tuple[ScoreRow, ...] = ()
    highlights: tuple[Highlight, ...] = ()
    charts: tuple[Chart, ...] = ()
    analyzed: int
    """Entries in the time range that were analyzed."""
    counts: str = ""
    """Counts at every threshold: a buffer of `playback.packing`, zlib, Base64; empty without boxes."""
    checked: CheckedFrames | None = None
    """None: no frame was checked by eye."""


class ComparedRow(Struct, frozen=True, kw_only=True):
    """What two models found of a class."""

    name: str
    color: str
    matched: int
    only_a: int
    only_b: int
    agreement: float | None


class Compared(Struct, frozen=True, kw_only=True):
    """Two models on the same frames."""

    agreement: float | None
    frames: int
    """Frames that both analyzed."""
    rows: tuple[ComparedRow, ...]
    definitions: dict[str, str]


class FramePicture(Struct, frozen=True, kw_only=True):
    """A frame as one model sees it."""

    file: str
    """Name of the picture."""
    model: str
    counts: tuple[tuple[str, int], ...] | None
    """Detections by class at the threshold; None: not analyzed."""


class EvidenceFrame(Struct, frozen=True, kw_only=True):
    """A frame that shows where numbers come from."""

    entry: int
    frame: int
    """Index of the frame in the video, in display order."""
    time_s: float
    reasons: tuple[str, ...]
    notes: tuple[str, ...] = ()
    pictures: tuple[FramePicture, ...] = ()
    clip: str = ""
    """Name of the clip; empty: none."""
    why_no_picture: str = ""
    is_damaged: bool = False


class RegionRow(Struct, frozen=True, kw_only=True):
    """A line or zone, and what it counted."""

    name: str
    color: str
    numbers: tuple[tuple[str, str], ...]
    """Label and value."""
    by_class: tuple[tuple[str, str, tuple[str, ...]], ...]
    """Class, color, a text for each label."""
    chart: Chart | None
    definition: str
    note: str = ""


class RegionFacts(Struct, frozen=True, kw_only=True):
    """Lines and zones of the camera."""

    camera: str
    rows: tuple[RegionRow, ...]
    warnings: tuple[str, ...] = ()


class Facts(Struct, frozen=True, kw_only=True):
    """Everything that the document states."""

    title: str
    question: str
    summary: tuple[str, ...]
    """Video, time range, classes, threshold, in short."""
    confidence: float
    sides: tuple[Side, ...]
    compared: Compared | None = None
    evidence: tuple[EvidenceFrame, ...] = ()
    evidence_note: str = ""
    """Which frames were left out, and how boxes are drawn."""
    regions: RegionFacts | None = None
    missing: tuple[str, ...] = ()
    """What was not analyzed, or read differently."""
    limits: tuple[str, ...] = ()
    """What blurring may have missed."""
    details: tuple[tuple[str, str], ...] = ()
    """Settings, video, models and versions."""
    made: str = ""
    """By whom and when."""
    definitions: dict[str, str]
    """Of the metrics of classes."""
