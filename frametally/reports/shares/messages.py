"""The sentences of links."""

from __future__ import annotations

from datetime import datetime

from frametally.errors import ViewError


def created(name: str, expires_at: datetime) -> str:
    """What the history of a job says."""
    return f"Link created: {name}, until {expires_at:%d %b %Y}."


def ended(name: str) -> str:
    """What the history of a job says."""
    return f"Link ended: {name}."


def no_such_share() -> ViewError:
    """The error where a link does not exist any more."""
    return ViewError("This link has ended.", "Reload the page.")


def no_results() -> ViewError:
    """The error where a job has nothing to show."""
    return ViewError("This job has no results.", "Share a job that is done.")


def video_would_show_more() -> ViewError:
    """The error for a video beside blurred pictures."""
    return ViewError("A view with blurred classes cannot include the video.", "Leave out the video or the blur.")


def no_video() -> ViewError:
    """The error where the video is not stored."""
    return ViewError("The video of this job is not stored.", "Share it without the video.")


def invalid_expiry() -> ViewError:
    """The error for an expiry in the past or too far ahead."""
    return ViewError("This expiry is not possible.", "Choose a date from tomorrow to a year from now.")


def invalid_name(max_chars: int) -> ViewError:
    """The error for a name that is too long."""
    return ViewError(f"A name has at most {max_chars} characters.", "Shorten it.")


def invalid_password(min_chars: int, max_chars: int) -> ViewError:
    """The error for a password that is too short or too long."""
    return ViewError(f"A password has {min_chars} to {max_chars} characters.", "Choose another one.")
