"""Texts about jobs for users: failures, warnings, errors and history entries. Pure.

An error is a pair: what failed, and what to do next.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from frametally.contract import CANCELLED, VIDEO_SUFFIXES, StatusReport
from frametally.errors import LinkExpired, RateLimited, ServerError, ServiceError, ServiceUnreachable
from frametally.job import EMBEDDED, Job, ModelChoice
from frametally.storage.objects import StoreUnavailable
from frametally.storage.space import format_size, is_disk_full

# History entries.
IMPORTED: Final = "Imported: started elsewhere."
UPLOAD_REUSED: Final = "Video already uploaded, reused."
UPLOAD_REJECTED: Final = "Previous upload was rejected; uploading again."
CALL_INTERRUPTED: Final = "The server stopped before it recorded the response."
DELETED: Final = "Deleted."
RESTORED: Final = "Restored."

# Failures of canceled jobs.
CANCELED: Final = "Canceled."
PLAIN_CANCELLATIONS: Final = (CANCELED, CANCELLED)
"""Failures that only repeat the status; earlier versions recorded the text of the wire format."""

# What happens next with a job.
RETRIES: Final = "It is retried automatically."
REFRESH: Final = "Refresh the status later: a job with no response is not checked automatically."

# Messages on a job under way.
KEY_UNKNOWN: Final = (
    "The server has no API key for this service: keys are not kept across restarts.",
    "Enter it on Configuration.",
)
KEY_NEEDED: Final = (
    "Key needed: connect to this service again, with the same API key, on Configuration. The job then continues."
)
KEY_NEEDED_OF_OWNER: Final = "Key needed: the job continues when the person who started it enters their API key again."
REFRESH_CONTINUES: Final = "The status check continues; its result appears here."
CANCEL_CONTINUES: Final = "The cancellation continues; its result appears here."
IMPORT_CONTINUES: Final = "The import continues; the job appears in the list."
CONNECT_SLOW: Final = "Check the URL, or try again in a minute."
KEY_OF_ANOTHER: Final = (
    "This job ran with the API key of another person.",
    "Upload its video, or enter its URL, and run it with your own key.",
)
IMPORTED_BY_ANOTHER: Final = ("Another person has imported this job.", "Ask them or an admin for its results.")
WAITS_FOR_UPLOAD: Final = "The same video is being uploaded for another job; this one continues after it."
INTERNAL_ERROR: Final = "An internal error occurred; see the server log."
START_INTERRUPTED: Final = "Starting the job was interrupted: the server stopped, or an internal error occurred."
ENGINE_GONE: Final = "The dashboard whose built-in engine has this job does not respond. Retry it, or delete it."
GONE_FROM_ENGINE: Final = "The built-in engine no longer has this job. Retry it, or delete it."
_START_UNKNOWN: Final = "The service may have started it: check there before you start it again."

# Errors of actions.
NOT_RETRIABLE: Final = ("Only a job that ended without results can be retried.", "Re-run it with other models.")
TOO_MANY_RETRIES: Final = ("Too many retries of this job have been deleted.", "Start a new job on Upload.")
VIDEO_GONE: Final = ("The video of this job is no longer stored.", "Upload it again and start a new job.")
STORED_VIDEO_GONE: Final = ("The stored video no longer exists.", "Upload it again and start a new job.")
NOT_A_JOB_ID: Final = ("This is not a job id.", "Paste the job_id that the service returned at the start.")
NOT_CANCELLABLE: Final = ("The job has already ended.", "There is nothing to cancel.")
CANCEL_UNSUPPORTED: Final = (
    "The service cannot cancel this job.",
    "It continues there, and its results are downloaded.",
)
NO_RESULTS_TO_READ: Final = "This job has no stored results to read again."
TAKEN_OVER: Final = "The job has changed, or another process is working on it."

# Batches and preflight.
NO_HEADER: Final = "This line has several columns. Add a header line that names them: url, name, note."
BAD_VIDEO_URL: Final = ("The URL of the video is not valid.", "Enter it as https://host/video.mp4.")
URL_IS_PAGE: Final = ("This URL leads to a web page, not to a video.", "Enter the URL of the video file itself.")
URL_IS_NO_VIDEO: Final = (
    "The content of this URL is not a known video format.",
    "Check that it plays in a browser.",
)
OTHER_RATE: Final = "Choose another frame rate."
USE_ENGINE: Final = "Use the built-in engine, which can analyze every frame of it."
_ACCEPTED: Final = ", ".join(suffix[1:].upper() for suffix in VIDEO_SUFFIXES)

_TEMPORARY = (ServiceUnreachable, RateLimited, ServerError, LinkExpired)


def created_in_batch(count: int) -> str:
    """History entry of a new job."""
    return f"One of a batch of {count:,}."


def unknown_at_service(service: str) -> tuple[str, str]:
    """For an import of a job that the service does not have."""
    return f"{service} does not know a job with this ID.", "Check the ID, and the service on Configuration."


def damaged_frames(count: int) -> str:
    """History entry of a finished job; empty if no frame is damaged."""
    if not count:
        return ""
    return f"{count:,} frames damaged in the video file: not analyzed." if count > 1 else "1 frame damaged."


def batch_too_long(lines: int, most: int) -> tuple[str, str]:
    """For a batch with too many lines."""
    return f"A batch has at most {most:,} lines; this one has {lines:,}.", "Split it."


def repeated_url(line: int) -> str:
    """For a line of a batch whose URL already occurs in `line`."""
    return f"Same URL as in line {line}."


def bad_csv(line: int) -> tuple[str, str]:
    """For a CSV that cannot be parsed from `line` on."""
    return f"The CSV cannot be read from line {line} on.", "Check that line for an unclosed quotation mark."


def retry_of(job_id: str) -> str:
    """History entry of a new job."""
    return f"Retry of job {job_id}."


def duplicate_of(job_id: str) -> str:
    """History entry of a new job."""
    return f"Re-run of job {job_id}."


def run_again_as(job_id: str) -> str:
    """History entry of the earlier job."""
    return f"Run again as job {job_id}."


def already_imported(job: Job) -> tuple[str, str]:
    """For an import of a job that is already in the ledger."""
    where = "among the deleted jobs" if job.deleted_at else "in the list"
    return f"This job is already {where}: {job.video_name}.", "Open it there."


def incomplete(missing: str) -> tuple[str, str]:
    """For a request that lacks something; `missing` as in `RunRequest.missing`."""
    return f"The job needs {missing}.", "Start a new job on Upload."


def temporary_error(error: ServiceError, *, is_done: bool) -> str:
    """What failed; `is_done`: the job is done, and only the download of its results failed."""
    return f"The job is done, but its results could not be downloaded. {error.what}" if is_done else error.what


def next_step(error: ServiceError) -> str:
    """The next step after an error: an automatic retry if it is temporary, else what the user can do."""
    return RETRIES if isinstance(error, _TEMPORARY) else error.next_step


def no_client(job: Job, next_step_there: str) -> tuple[str, str]:
    """For a job whose engine, or whose key, this dashboard does not have."""
    if job.service == EMBEDDED:
        return "This job runs in the built-in engine of another dashboard.", next_step_there
    return KEY_UNKNOWN


def local_error(error: OSError | StoreUnavailable) -> tuple[str, str]:
    """For a step that the dashboard's server could not complete."""
    if isinstance(error, StoreUnavailable):
        return error.what, RETRIES
    if is_disk_full(error):
        return "The disk of the dashboard's server is full.", "Free some space; the job then goes on by itself."
    reason = error.strerror or "a file could not be written"
    return f"The dashboard's server could not complete this step: {reason}.", RETRIES


def pending(job: Job, report: StatusReport, *, age_s: float, patience_s: float) -> str:
    """What is unusual about a job that has not ended; empty where nothing is."""
    message = ""
    if report.is_done:
        message = "The service reports the job as done but returned no link to the results."
    elif report.unknown_status:
        message = f"The service reports an unknown status: “{report.unknown_status}”."
    if age_s > patience_s and report.fraction is None:
        overdue = f"Still running after {_hours(patience_s)} with no progress reported."
        message = f"{message} {overdue} Check {job.remote_job_id} at the service before you start it again.".strip()
    return message


def status_entry(report: StatusReport) -> str:
    """History entry of a status call."""
    if report.is_failed:
        return f"Failed (status {report.status})."
    if report.is_done:
        return "Done." if report.output_signed_url else "Done, without a link to the results."
    if report.status is None:
        return "No status reported."
    progress = "" if report.fraction is None else f", {report.fraction:.0%}"
    return f"In progress (status {report.status}{progress})."


def failed(job: Job, report: StatusReport) -> str:
    """Why the service failed the job."""
    unexplained = f"The service reported a failure (status {report.status}) without a reason."
    return report.reason or f"{unexplained} Look up {job.remote_job_id} at the service, or run the job again."


def start_unknown(what: str) -> str:
    """For a start request that the service may have carried out; `what` went wrong."""
    return f"{what} {_START_UNKNOWN}"


def upload_given_up(error: ServiceError, *, times: int) -> str:
    """For a video that could not be uploaded."""
    return f"The upload failed {times} times. {error.what} Start a new job once this is resolved."


def unsubmitted(what: str, *, after_s: float) -> str:
    """For a job that its service never accepted; `what` is the last error."""
    return f"The job could not be submitted for {_hours(after_s)}. {what} Start a new job once this is resolved."


def lost(job: Job, what: str, *, after_s: float) -> str:
    """For a job that its service no longer reports on; `what` is the last error, empty where there is none."""
    silence = f"{what} The service has reported nothing about this job for {_hours(after_s)}.".strip()
    return f"{silence} Refresh the status, or look it up at the service: its id there is {job.remote_job_id}."


def cancelled_late(remote_job_id: str) -> str:
    """For a job that was canceled while its service accepted it, and that could not be canceled there."""
    return f"{CANCELED} The service had already accepted it and may run it to its end; its id is {remote_job_id}."


def url_suffix(name: str) -> tuple[str, str]:
    """For a URL whose file extension services may reject."""
    return (
        f"Services accept {_ACCEPTED}, and this URL ends in {_suffix(name)}.",
        "If the service rejects it, upload the file and convert it to MP4.",
    )


def file_suffix(name: str) -> tuple[str, str]:
    """For a file whose name no service accepts."""
    return f"The service accepts {_ACCEPTED}, not {name}.", "Convert it to MP4 (no re-encoding)."


def file_content(name: str, container: str) -> tuple[str, str]:
    """For a file that is not in the format of its name."""
    return (
        f"{name} is named {_suffix(name)} but contains {container}.",
        "A service may reject it. Convert it to MP4 (no re-encoding).",
    )


def model_not_installed(model: ModelChoice) -> tuple[str, str]:
    """For a model that the built-in engine does not list."""
    return (
        f"Model {model.label} is not installed on the built-in engine.",
        f"Put its file at <models folder>/{model.label}/model.onnx, or choose another model or service.",
    )


def link_expired(end: datetime) -> tuple[str, str]:
    """For a signed link that has expired."""
    return f"The link to the video expired at {end:%Y-%m-%d %H:%M} UTC.", "Create a new link."


def link_expires_in(left_s: float) -> tuple[str, str]:
    """For a signed link that expires soon."""
    minutes = int(left_s // 60)
    return (
        f"The link to the video expires in {minutes // 60} h {minutes % 60} min.",
        "The job fails if it starts later. Create a link that is valid for longer, or upload the file.",
    )


def seen_from_here(next_step: str) -> str:
    """For a URL that this machine cannot reach, although the service may."""
    return f"The service may still reach it. {next_step}"


def url_status(status: int | None) -> tuple[str, str]:
    """For a URL that returns an error status."""
    return f"The URL returned status {status} instead of a video.", "Check that it opens without a login."


def disk_full(free_bytes: int, needed_bytes: int) -> tuple[str, str]:
    """For a disk without room for the job."""
    return disk_low(free_bytes)[0], f"Free some space: {format_size(needed_bytes)} are needed."


def disk_low(free_bytes: int) -> tuple[str, str]:
    """For a disk that is nearly full."""
    return (
        f"The disk is nearly full: {format_size(free_bytes)} left.",
        "Free some space, so that the results can be stored.",
    )


def _suffix(name: str) -> str:
    return name.rpartition(".")[2].upper()


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.3g} h"
