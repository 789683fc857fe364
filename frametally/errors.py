"""The errors of Frametally; several packages define subclasses of them.

FrametallyError             what failed and the next step; never contains a secret
├── SettingsError           a setting is invalid, or what it names cannot be used
├── VideoError              this file is not a readable video
├── OutOfMemory             not enough memory for this video or model
├── MediaError              a file cannot be stored, downloaded or read (too large, disk full, unknown upload)
├── ModelError              the engine cannot run this model
├── ResultsError            these results cannot be read
├── ViewError               a saved view or a link to one cannot be read
├── RegionsError            a set of lines and zones cannot be read or kept
├── EvaluationError         labels cannot be read, or results cannot be compared with them
├── AuditError              a frame cannot be checked, or an audit not begun
├── JobError                the job does not exist, is invalid, or does not allow this action
├── AccessDenied            this person may not do this
├── BackupError             a backup cannot be created or restored
├── NotificationError       a notification could not be sent
└── ServiceError            a request to the Video Inference service failed
    ├── ServiceUnreachable  no response: name resolution, network or timeout
    │   └── ConnectFailed   nothing was sent, so the request is safe to repeat
    ├── RateLimited         429; `retry_after_s` if the service sends it
    ├── ServerError         5xx, 408; `retry_after_s` if the service sends it
    ├── Unauthorized        401, 403 on a request with the key
    ├── BadRequest          any other 4xx
    ├── LinkExpired         a signed link is no longer valid
    └── InvalidResponse     a response that does not match the contract
"""


class FrametallyError(Exception):
    """What failed, and what the user can do next.

    Both are shown as they are: neither may contain a key, a signed link or a local path.
    """

    def __init__(self, what: str, next_step: str = "") -> None:
        super().__init__(f"{what} {next_step}".strip())
        self.what = what
        self.next_step = next_step


class SettingsError(FrametallyError):
    """A setting is invalid, or what it names (a folder, a database, a model) cannot be used."""


class VideoError(FrametallyError):
    """This file is not a readable video."""


class OutOfMemory(FrametallyError):
    """Not enough memory for this video or model."""

    def __init__(self) -> None:
        super().__init__(
            "There is not enough memory for this video or one of the models.",
            "Use a smaller one, or a machine with more memory.",
        )


class MediaError(FrametallyError):
    """A video or another file cannot be stored, downloaded or read."""


class ModelError(FrametallyError):
    """The engine cannot run this model."""


class ResultsError(FrametallyError):
    """These results cannot be read."""


class ViewError(FrametallyError):
    """A saved view or a link to one cannot be read."""


class RegionsError(FrametallyError):
    """A set of lines and zones cannot be read or kept."""


class EvaluationError(FrametallyError):
    """Labels cannot be read, or results cannot be compared with them."""


class AuditError(FrametallyError):
    """A frame cannot be checked, or an audit not begun."""


class JobError(FrametallyError):
    """The job does not exist, is invalid, or does not allow this action."""


class AccessDenied(FrametallyError):
    """The role of this person does not allow the action."""


class BackupError(FrametallyError):
    """A backup cannot be created or restored."""


class NotificationError(FrametallyError):
    """A notification could not be sent; `retry_after_s`: the pause in seconds that the receiver requested, if any."""

    def __init__(self, what: str, next_step: str = "", *, retry_after_s: float | None = None) -> None:
        super().__init__(what, next_step)
        self.retry_after_s = retry_after_s


class ServiceError(FrametallyError):
    """A request to the Video Inference service failed; `retry_after_s`: the pause that it requested, if any."""

    def __init__(self, what: str, next_step: str = "", *, retry_after_s: float | None = None) -> None:
        super().__init__(what, next_step)
        self.retry_after_s = retry_after_s


class ServiceUnreachable(ServiceError):
    """No response: the name does not resolve, the network failed, or the request timed out."""


class ConnectFailed(ServiceUnreachable):
    """The connection failed before the request was sent, so it is safe to repeat."""


class RateLimited(ServiceError):
    """The service limits the rate of requests (429)."""


class ServerError(ServiceError):
    """The service itself failed (5xx, 408)."""


class Unauthorized(ServiceError):
    """The service does not accept the API key (401, 403)."""


class BadRequest(ServiceError):
    """The service does not accept the request (any other 4xx)."""


class LinkExpired(ServiceError):
    """A signed link is no longer valid."""


class InvalidResponse(ServiceError):
    """A response that does not match the contract."""
