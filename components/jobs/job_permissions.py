"""What a person must be allowed to do for each command of the list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from components.jobs import job_commands
from frametally.access.permissions import Action, may
from frametally.access.person import Person
from frametally.job import Job

NEEDED: Final[Mapping[job_commands.Action, Action]] = {
    "refresh": Action.REFRESH,
    "cancel": Action.CANCEL,
    "retry": Action.RETRY,
    "other_models": Action.RERUN,
    "edit": Action.EDIT,
    "delete": Action.DELETE,
    "restore": Action.RESTORE,
    "history": Action.LOOK,
    "read_again": Action.READ_AGAIN,
    "import": Action.IMPORT,
}


def may_command(person: Person, command: job_commands.Action, job: Job) -> bool:
    """Whether the person may apply the command to the job."""
    return may(person, NEEDED[command], job.owner)
