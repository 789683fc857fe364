"""Rename columns to the names in the code; the owner of a job, and the actor of an event."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

RENAMED = {
    "upload_at": "uploaded_at",
    "upload_breaks": "failed_uploads",
    "starting_at": "start_requested_at",
    "service_says": "service_message",
    "standing": "run_progress",
    "answered_at": "last_known_at",
    "began_at": "run_started_at",
}


def upgrade() -> None:
    """Rename seven columns of `job`, and add `job.owner` and `event.actor`; both are null for existing rows."""
    for old, new in RENAMED.items():
        op.alter_column("job", old, new_column_name=new)
    op.add_column("job", sa.Column("owner", sa.Text))
    op.add_column("event", sa.Column("actor", sa.Text))
