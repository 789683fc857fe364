"""The Video Inference API, once: paths, messages and status codes, spoken by the client and answered by the engine.

Unknown fields are tolerated everywhere; where two spellings are documented both are read and one is written.
Names and shapes follow Roboflow's Video Inference API reference and its page on the results format.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from msgspec import Struct, field, structs

ROBOFLOW_API_URL: Final = "https://api.roboflow.com"
UPLOAD_URL_PATH: Final = "/video_upload_signed_url/"
VIDEO_INFER_PATH: Final = "/videoinfer/"
MODELS_PATH: Final = "/models"
"""Our extension: the engine lists the models it can run."""

STATUS_FLOOR_S: Final = 60.0
"""Never ask for a job's status more often than this, unless the service invites it with `Retry-After`."""

IDEMPOTENCY_KEY: Final = "Idempotency-Key"
"""Our extension, a header of the start of a job: a second start with the same one is answered with the first job."""

VIDEO_SUFFIXES: Final = (".mp4", ".avi", ".mkv", ".webm")
MIN_INFER_FPS: Final = 1
MAX_INFER_FPS: Final = 120
RATE_TOLERANCE: Final = 1.01
"""A rate up to 1 % above the video's is a rounding, not a mistake: 30 is accepted for a video at 29.97."""

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
"""Why a job failed that somebody called off (our extension: `DELETE /videoinfer/?job_id=…`)."""
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
    """Where to PUT the raw bytes. One of the vendor's recipes spells it `signedUrl`: both are read."""

    signed_url: str = ""
    signedUrl: str = ""  # noqa: N815

    @property
    def url(self) -> str:
        """The link under either spelling; empty where neither came."""
        return self.signed_url or self.signedUrl


class ModelRequest(Struct, frozen=True, omit_defaults=True):
    """One model of a job. The version is a string in the reference and a number from some clients."""

    model_id: str
    model_version: str | int | float
    inference_type: str = field(default_factory=lambda: "object-detection")  # unlike a default, it is always sent
    inference_params: dict[str, Any] | None = None

    @property
    def version(self) -> str:
        """The version as text: `2`, `"2"` and `2.0` are the same one."""
        number = self.model_version
        return str(int(number)) if isinstance(number, float) and number.is_integer() else str(number)


class InferenceRequest(Struct, frozen=True):
    """Body of `POST /videoinfer/`."""

    input_url: str
    infer_fps: float
    models: list[ModelRequest]


class JobAccepted(Struct, frozen=True):
    """Answer to `POST /videoinfer/`."""

    job_id: str
    message: str = ""


class RunProgress(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a service that speaks our extensions tells of a job under way; any part may be missing."""

    jobs_before: int | None = None
    """How many jobs have their turn first; None once it is at work, or where nobody says."""
    frames_done: int | None = None
    frames_total: int | None = None
    frames_per_second: float | None = None
    """How fast it is now."""
    remaining_s: float | None = None
    cancellable: bool = False
    """Whether it can be called off with DELETE."""


class StatusReport(Struct, frozen=True, omit_defaults=True):
    """Answer to `GET /videoinfer/?job_id=…`; `status` may be a number, a word, or absent.

    From `progress` on nothing is in the vendor's reference: it may be missing, and another service may mean something
    else by it. What is not what `RunProgress` says is passed over.
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
    cancellable: Any = None

    @classmethod
    def under_way(cls, fraction: float, run_progress: RunProgress) -> StatusReport:
        """Of a job that has not ended, with our extensions."""
        told = {
            name: value
            for name, value in structs.asdict(run_progress).items()
            if value is not None and value is not False
        }
        return cls(STATUS_PENDING, progress=fraction, **told)

    @property
    def code(self) -> int | None:
        """The status as a number; None where it is absent or a word nobody documents."""
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
        """Whether it failed because somebody called it off."""
        return self.is_failed and (self._word in _CANCELLED_WORDS or self.reason == CANCELLED)

    @property
    def is_pending(self) -> bool:
        """Not complete, or nothing known yet."""
        return not self.is_done and not self.is_failed

    @property
    def is_queued(self) -> bool:
        """Whether the service says that it is not at work on it yet."""
        return self.is_pending and (self._word == "queued" or _count(self.jobs_before) is not None)

    @property
    def reason(self) -> str:
        """What the service says of itself, as text; empty where it says nothing."""
        for said in (self.error, self.message):
            if isinstance(said, dict):
                said = said.get("message") or said.get("error") or ""
            if said:
                return str(said)
        return ""

    @property
    def fraction(self) -> float | None:
        """Progress between 0 and 1, where the service gives one."""
        try:
            value = float(self.progress) if self.progress is not None else None
        except (TypeError, ValueError):
            return None
        return value if value is not None and 0 <= value <= 1 else None

    @property
    def run_progress(self) -> RunProgress | None:
        """What our extensions tell; None where the service has none of them."""
        told = RunProgress(
            jobs_before=_count(self.jobs_before),
            frames_done=_count(self.frames_done),
            frames_total=_count(self.frames_total),
            frames_per_second=_number(self.frames_per_second),
            remaining_s=_number(self.remaining_s),
            cancellable=self.cancellable is True,
        )
        return told if told != RunProgress() else None

    @property
    def wording(self) -> str:
        """An unknown status as it came, for the page to show; empty where it is understood."""
        return str(self.status) if self.code is None and self.status is not None else ""

    @property
    def _word(self) -> str:
        return self.status.strip().lower().replace("-", "_") if isinstance(self.status, str) else ""


class Cancellation(Struct, frozen=True):
    """Answer to `DELETE /videoinfer/?job_id=…` (our extension): the job has ended as failed, `Cancelled.`"""

    job_id: str
    message: str = ""


class Workspace(Struct, frozen=True):
    """Answer to `POST /`: the workspace that a key opens."""

    workspace: str


class ErrorBody(Struct, frozen=True):
    """An error answer of the engine, in the form the vendor's own API uses."""

    error: str
    message: str = ""


class ModelInfo(Struct, frozen=True):
    """One model that the engine can run."""

    model_id: str
    model_version: str
    inference_type: str
    classes: list[str]


class ModelList(Struct, frozen=True):
    """Answer to `GET /models` (our extension)."""

    models: list[ModelInfo]


def rate_refusal(infer_fps: float, video_fps: float | None = None) -> str:
    """Why a job at `infer_fps` frames per second is refused; empty where it is accepted.

    `video_fps`: the frame rate of the video; None where it is unknown, so that only the limits of the API apply.
    """
    if not MIN_INFER_FPS <= infer_fps <= MAX_INFER_FPS:
        return f"The frame rate must be between {MIN_INFER_FPS} and {MAX_INFER_FPS}, not {infer_fps:.4g}."
    if video_fps is not None and infer_fps > video_fps * RATE_TOLERANCE:
        return f"The video has {video_fps:.4g} frames per second: it cannot be analyzed at {infer_fps:.4g}."
    return ""


def _number(value: Any) -> float | None:
    """A foreign value as a number that can be true of a job; None where it is none."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= _MAX else None


def _count(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number is not None and number.is_integer() else None


_MAX: Final = 1e9
