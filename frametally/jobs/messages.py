"""What a job says of itself where its service does not do as it should: what happened, and what to do next. Pure."""

from __future__ import annotations

from frametally.contract import StatusReport
from frametally.errors import LinkExpired, RateLimited, ServerError, ServiceError, ServiceUnreachable
from frametally.job import Job

BY_ITSELF = "It is tried again by itself."
BY_A_PERSON = "Ask again later: a lost job is not asked about by itself."
_PASSING = (ServiceUnreachable, RateLimited, ServerError, LinkExpired)


def fault(error: ServiceError, *, is_done: bool) -> str:
    """What a service did wrong; `is_done`: it has the results, and did not give them away."""
    return f"The job is done there. {error.what}" if is_done else error.what


def next_step(error: ServiceError) -> str:
    """What helps: time, where the fault may pass, else the person."""
    return BY_ITSELF if isinstance(error, _PASSING) else error.next_step


def pending(job: Job, report: StatusReport, *, age_s: float, patience_s: float) -> str:
    """What is odd about a job that has not ended; empty where nothing is."""
    said = ""
    if report.is_done:
        said = "The service says that it is done, and gives no results."
    elif report.wording:
        said = f"The service calls its status “{report.wording}”, a word that the API does not know."
    if age_s > patience_s and report.fraction is None:
        long = f"It has not come to an end for {_span(patience_s)}, and nobody says how far it is."
        said = f"{said} {long} Look there under {job.remote_job_id} before you start it again.".strip()
    return said


def answered(report: StatusReport) -> str:
    """What a status call brought, for the history of a job."""
    if report.is_failed:
        return f"Failed (status {report.status})."
    if report.is_done:
        return "Done." if report.output_signed_url else "Done, without a link to the results."
    if report.status is None:
        return "Nothing known of it."
    share = "" if report.fraction is None else f", {report.fraction:.0%}"
    return f"Not complete (status {report.status}){share}."


def call_cut_short() -> str:
    """For a status call whose end nobody saw."""
    return "The server stopped before it could write down what was said."


def failed(job: Job, report: StatusReport) -> str:
    """Why the service could not do it."""
    silent = f"The service says that the job failed (status {report.status}), and not why."
    return report.reason or f"{silent} Look there under {job.remote_job_id}, or run it again."


def doubtful(error: ServiceError) -> str:
    """For a start that may have been heard."""
    return f"{error.what} It may have been started there all the same: look there before you start it again."


def sent_for_another() -> str:
    """For a job whose video is on its way already."""
    return "The same video is being sent for another job; this one goes on when it is there."


def start_cut_short() -> str:
    """For a start that was under way when the server stopped."""
    stopped = "The server stopped while the job was being started."
    return f"{stopped} It may have been started there all the same: look there before you start it again."


def upload_broke_off(error: ServiceError, *, times: int) -> str:
    """For a video that does not get to its service."""
    return f"The upload broke off {times} times. {error.what} Start a new job when that is over."


def unsent(what: str, *, after_s: float) -> str:
    """For a job that never reached its service."""
    return f"The job could not be sent for {_span(after_s)}. {what} Start a new one when that is over.".strip()


def lost(job: Job, what: str, *, after_s: float) -> str:
    """For a job of which nothing more is heard; `what` is the last fault, empty where the service just says nothing."""
    silence = f"Nothing else came of this job for {_span(after_s)}."
    silent = f"The service has said nothing about this job for {_span(after_s)}."
    return f"{f'{what} {silence}' if what else silent} Ask again here, or look there: its id is {job.remote_job_id}."


def _span(seconds: float) -> str:
    return f"{seconds / 3600:.3g} h"
