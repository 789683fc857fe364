"""Every error of Frametally, and what each one tells the person who meets it.

FrametallyError             says what failed and what to do next; never carries a secret
├── SettingsError           a setting is wrong, or its name is
├── VideoError              this file is not a video that can be read
├── OutOfMemory             there is too little memory for this video or model
├── MediaError              a video cannot be kept here (too large, disk full, unknown upload)
├── ModelError              the engine cannot run this model
├── ResultsError            these results cannot be read
├── ViewError               a saved view or a link to one cannot be read
├── JobError                there is no such job, or it cannot make this move
├── BackupError             a backup cannot be made or restored
├── NoticeError             somebody could not be told that a job has ended
└── ServiceError            the Video Inference service did not do what was asked
    ├── ServiceUnreachable  no answer: name, network, timeout
    │   └── NothingSent     not even a connection: the same call may be made again
    ├── ServiceBusy         429; `retry_after_s` when the service names a time
    ├── ServiceBroken       5xx, 408; `retry_after_s` likewise
    ├── KeyRefused          401, 403 on a call that carries the key
    ├── RequestRefused      any other 4xx
    ├── LinkExpired         a signed link is no longer good
    └── AnswerUnreadable    an answer that is not what the contract says
"""


class FrametallyError(Exception):
    """What failed, and what the person can do next.

    Both are shown to people as they are: neither may hold a key, a signed link or a local path.
    """

    def __init__(self, what: str, next_step: str = "") -> None:
        super().__init__(f"{what} {next_step}".strip())
        self.what = what
        self.next_step = next_step


class SettingsError(FrametallyError):
    """A setting is wrong, or its name is."""


class VideoError(FrametallyError):
    """This file is not a video that can be read."""


class OutOfMemory(FrametallyError):
    """There is too little memory for this video or model."""

    def __init__(self) -> None:
        super().__init__(
            "There is not enough memory for this video or one of the models.",
            "Use a smaller one, or a machine with more memory.",
        )


class MediaError(FrametallyError):
    """A video cannot be kept here."""


class ModelError(FrametallyError):
    """The engine cannot run this model."""


class ResultsError(FrametallyError):
    """These results cannot be read."""


class ViewError(FrametallyError):
    """A saved view or a link to one cannot be read."""


class JobError(FrametallyError):
    """There is no such job, or it cannot make this move."""


class BackupError(FrametallyError):
    """A backup cannot be made or restored."""


class NotificationError(FrametallyError):
    """Somebody could not be told that a job has ended."""

    def __init__(self, what: str, next_step: str = "", *, retry_after_s: float | None = None) -> None:
        super().__init__(what, next_step)
        self.retry_after_s = retry_after_s


class ServiceError(FrametallyError):
    """The Video Inference service did not do what was asked."""

    def __init__(self, what: str, next_step: str = "", *, retry_after_s: float | None = None) -> None:
        super().__init__(what, next_step)
        self.retry_after_s = retry_after_s


class ServiceUnreachable(ServiceError):
    """No answer came: wrong name, no network, or a timeout."""


class ConnectFailed(ServiceUnreachable):
    """No connection came about, so the service knows nothing of the call: making it again repeats nothing."""


class RateLimited(ServiceError):
    """The service asks for fewer calls (429)."""


class ServerError(ServiceError):
    """The service failed on its own side (5xx, 408)."""


class Unauthorized(ServiceError):
    """The service does not accept the API key (401, 403)."""


class BadRequest(ServiceError):
    """The service does not accept the request (4xx)."""


class LinkExpired(ServiceError):
    """A signed link is no longer good."""


class InvalidResponse(ServiceError):
    """An answer that is not what the contract says."""
