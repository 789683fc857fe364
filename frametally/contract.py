"""The Video Inference API: paths, messages and status codes, shared by the client and the engine.

Unknown fields are ignored. Where two spellings are documented, both are read and one is written. Names and shapes
follow Roboflow's Video Inference API reference and its page on the results format.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from msgspec import Struct, field, structs

ROBOFLOW_API_URL: Final = "https://api.roboflow.com"
UPLOAD_URL_PATH: Final = "/video_upload_signed_url/"
VIDEO_INFER_PATH: Final = "/videoinfer/"
MODELS_PATH: Final = "/models"
"""Our extension: lists the models that the engine can run."""

STATUS_FLOOR_S: Final = 60.0
"""The minimum interval between two status requests for a job, unless `Retry-After` allows a shorter one."""

DAMAGED_FRAMES: Final = "damaged_frames"
"""Our extension: a key of the results with the frames that were not analyzed because they are damaged."""

INDEX_VERSION: Final = 3
"""Incremented when the frames of a file get other numbers (`video.frame_index`). Version 1 counted distinct times."""

IDEMPOTENCY_KEY: Final = "Idempotency-Key"
"""Our extension: a header of the start request. A second start with the same value returns the first job."""
OWN_REQUEST: Final = "X-Frametally-Own"  # what a dashboard sends or starts with this header is for no other engine

VIDEO_SUFFIXES: Final = (".mp4", ".avi", ".mkv", ".webm")


class RateLimits(Struct, frozen=True):
    """The lowest and the highest `infer_fps` that a service accepts."""

    lowest: float
    highest: float


SERVICE_RATES: Final = RateLimits(1.0, 120.0)
"""The limits of the documented API."""
ENGINE_RATES: Final = RateLimits(1e-5, 1000.0)
"""The built-in engine also takes every frame of time lapses and of slow motion: a frame a day, 1,000 a second."""
RATE_TOLERANCE: Final = 1.01
"""A rate up to 1 % above the video's counts as rounding: 30 is accepted for a video at 29.97."""

_MAX: Final = 1e9
"""The largest plausible count or number of seconds in a report."""

InferenceType = Literal[
    "object-detection",
    "instance-segmentation",
    "semantic-segmentation",
    "keypoint-detection",
    "classification",
    "clip-embed-image",
    "gaze-detection",
]

STATUS_DONE: Final = 0
STATUS_PENDING: Final = 1
STATUS_FAILED: Final = 2
CANCELLED: Final = "Cancelled."
"""The failure of a canceled job on the wire (our extension: `DELETE /videoinfer/?job_id=…`)."""
_REMAINING: Final = ("remaining_s", "remaining_low_s", "remaining_high_s")
_CANCELLED_WORDS: Final = ("cancelled", "canceled")
_STATUS_WORDS: Final = {
    **dict.fromkeys(("completed", "complete", "done", "success", "succeeded", "finished"), STATUS_DONE),
    **dict.fromkeys(("pending", "queued", "created", "running", "processing", "in_progress"), STATUS_PENDING),
    **dict.fromkeys(("failed", "failure", "error", *_CANCELLED_WORDS), STATUS_FAILED),
}


class UploadUrlRequest(Struct, frozen=True):
    """Body of `POST /video_upload_signed_url/`."""

    file_name: str


class UploadUrl(Struct, frozen=True, omit_defaults=True):
    """Where to PUT the raw bytes. One of the vendor's examples spells it `signedUrl`: both are read."""

    signed_url: str = ""
    signedUrl: str = ""  # noqa: N815

    @property
    def url(self) -> str:
        """The link under either spelling; empty if neither is present."""
        return self.signed_url or self.signedUrl


class ModelRequest(Struct, frozen=True, omit_defaults=True):
    """One model of a job. The version is a string in the reference; some clients send a number."""

    model_id: str
    model_version: str | int | float
    inference_type: str = field(default_factory=lambda: "object-detection")  # a plain default would be omitted
    inference_params: dict[str, Any] | None = None

    @property
    def version(self) -> str:
        """The version as text: `2`, `"2"` and `2.0` are the same version."""
        number = self.model_version
        return str(int(number)) if isinstance(number, float) and number.is_integer() else str(number)


class InferenceRequest(Struct, frozen=True):
    """Body of `POST /videoinfer/`."""

    input_url: str
    """The signed URL that the video was uploaded to, or a public URL."""
    infer_fps: float
    """Frames to analyze per second of video."""
    models: list[ModelRequest]


class JobAccepted(Struct, frozen=True):
    """Response to `POST /videoinfer/`."""

    job_id: str
    message: str = ""


class RunProgress(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The progress of a job that has not ended, from a service with our extensions; each field may be missing."""

    jobs_before: int | None = None
    """Jobs ahead in the queue; None once the job runs, or if it is not reported."""
    frames_done: int | None = None
    frames_total: int | None = None
    frames_per_second: float | None = None
    """The current speed of the analysis."""
    remaining_s: float | None = None
    """Expected time until the last frame."""
    remaining_low_s: float | None = None
    remaining_high_s: float | None = None
    """The range in which it is expected."""
    cancellable: bool = False
    """Whether DELETE can cancel it."""

    def after(self, passed_s: float) -> RunProgress:
        """The progress with its remaining times reduced by `passed_s` seconds since the report, down to 0."""
        known = {name: value for name in _REMAINING if (value := getattr(self, name)) is not None}
        return structs.replace(self, **{name: max(value - passed_s, 0.0) for name, value in known.items()})


class StatusReport(Struct, frozen=True, omit_defaults=True):
    """Response to `GET /videoinfer/?job_id=…`; `status` may be a number, a word, or absent.

    The fields from `progress` on are not in the vendor's reference: they may be missing, or mean something else at
    another service. Values that do not fit `RunProgress` are ignored.
    """

    status: int | str | None = None
    output_signed_url: str | None = None
    error: Any = None
    message: Any = None
    progress: Any = None
    jobs_before: Any = None
    frames_done: Any = None
    frames_total: Any = None
    frames_per_second: Any = None
    remaining_s: Any = None
    remaining_low_s: Any = None
    remaining_high_s: Any = None
    cancellable: Any = None

    @classmethod
    def pending(cls, fraction: float, run_progress: RunProgress) -> StatusReport:
        """The report of a job that has not ended, with our extensions; `fraction` is between 0 and 1."""
        known = {
            name: value
            for name, value in structs.asdict(run_progress).items()
            if value is not None and value is not False
        }
        return cls(STATUS_PENDING, progress=fraction, **known)

    @property
    def code(self) -> int | None:
        """The status as a number; None if it is absent or an unknown word."""
        if isinstance(self.status, str):
            return int(self._word) if self._word.isascii() and self._word.isdigit() else _STATUS_WORDS.get(self._word)
        return self.status

    @property
    def is_done(self) -> bool:
        return self.code == STATUS_DONE

    @property
    def is_failed(self) -> bool:
        return self.code is not None and self.code > STATUS_PENDING

    @property
    def is_cancelled(self) -> bool:
        """Whether it failed because it was canceled."""
        return self.is_failed and (self._word in _CANCELLED_WORDS or self.reason == CANCELLED)

    @property
    def is_pending(self) -> bool:
        """Whether it is neither done nor failed; true also if the status is absent or unknown."""
        return not self.is_done and not self.is_failed

    @property
    def is_queued(self) -> bool:
        """Whether the service reports that the job has not started yet."""
        return self.is_pending and (self._word == "queued" or _count(self.jobs_before) is not None)

    @property
    def reason(self) -> str:
        """The error or message of the service as text; empty if there is none."""
        for value in (self.error, self.message):
            text = value.get("message") or value.get("error") if isinstance(value, dict) else value
            if text:
                return str(text)
        return ""

    @property
    def fraction(self) -> float | None:
        """Progress between 0 and 1; None if it is not reported or out of range."""
        try:
            value = float(self.progress) if self.progress is not None else None
        except (TypeError, ValueError):
            return None
        return value if value is not None and 0 <= value <= 1 else None

    @property
    def run_progress(self) -> RunProgress | None:
        """The progress in the fields of our extensions; None if none of them is reported."""
        progress = RunProgress(
            jobs_before=_count(self.jobs_before),
            frames_done=_count(self.frames_done),
            frames_total=_count(self.frames_total),
            frames_per_second=_number(self.frames_per_second),
            remaining_s=_number(self.remaining_s),
            remaining_low_s=_number(self.remaining_low_s),
            remaining_high_s=_number(self.remaining_high_s),
            cancellable=self.cancellable is True,
        )
        return progress if progress != RunProgress() else None

    @property
    def unknown_status(self) -> str:
        """An unknown status as received, to be shown; empty if it is known or absent."""
        return str(self.status) if self.code is None and self.status is not None else ""

    @property
    def _word(self) -> str:
        return self.status.strip().lower().replace("-", "_") if isinstance(self.status, str) else ""


class Cancellation(Struct, frozen=True):
    """Response to `DELETE /videoinfer/?job_id=…` (our extension): the job has failed with `Cancelled.`"""

    job_id: str
    message: str = ""


class Workspace(Struct, frozen=True):
    """Response to `POST /`: the workspace of the key."""

    workspace: str


class ErrorBody(Struct, frozen=True):
    """An error response, in the format of the vendor's API."""

    error: str
    message: str = ""


class ModelInfo(Struct, frozen=True, omit_defaults=True):
    """One installed model of the engine. A refused one has no inference type and no classes."""

    model_id: str
    model_version: str
    inference_type: str
    classes: list[str]
    refusal: str = ""
    """Why it cannot be run; empty if it can."""
    next_step: str = ""
    """What to do about the refusal."""


class ModelList(Struct, frozen=True):
    """Response to `GET /models` (our extension)."""

    models: list[ModelInfo]


def rate_refusal(infer_fps: float, video_fps: float | None = None, limits: RateLimits = SERVICE_RATES) -> str:
    """Why a job at `infer_fps` frames per second is refused; empty if it is accepted.

    `video_fps`: the frame rate of the video; None if it is unknown, so that only the limits of the service apply.
    """
    if is_too_slow(video_fps, limits):
        return f"The video has {video_fps:.4g} frames per second; this service takes at least {limits.lowest:g}."
    if not limits.lowest <= infer_fps <= limits.highest:
        lowest = f"{limits.lowest:.5f}".rstrip("0").rstrip(".")
        return f"The frame rate must be between {lowest} and {limits.highest:g}, not {infer_fps:.4g}."
    if video_fps is not None and infer_fps > video_fps * RATE_TOLERANCE:
        return f"The video has {video_fps:.4g} frames per second: it cannot be analyzed at {infer_fps:.4g}."
    return ""


def is_too_slow(video_fps: float | None, limits: RateLimits) -> bool:
    """Whether the service accepts no rate that the video has."""
    return video_fps is not None and video_fps * RATE_TOLERANCE < limits.lowest


def _number(value: Any) -> float | None:
    """A reported value as a number from 0 to `_MAX`; None if it is anything else."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= _MAX else None


def _count(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number is not None and number.is_integer() else None
