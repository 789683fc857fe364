"""The history of jobs, notes, tags, deletion with undo, and imported jobs, of which little is known."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add tables, columns and indexes; the history of an existing job starts with its next transition."""
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16)),
        sa.Column("cause", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("event_by_job", "event", ["job_id", "kind", "at"])
    op.create_table(
        "job_tag",
        sa.Column("job_id", sa.String(36), primary_key=True),
        sa.Column("tag", sa.String(60), primary_key=True),
    )
    op.create_index("job_tag_by_tag", "job_tag", ["tag", "job_id"])
    with op.batch_alter_table("job") as job:  # SQLite drops a NOT NULL by copying the table
        job.add_column(sa.Column("upload_at", sa.BigInteger))
        job.add_column(sa.Column("notes", sa.Text, nullable=False, server_default=""))
        job.add_column(sa.Column("deleted_at", sa.BigInteger))
        job.alter_column("infer_fps", existing_type=sa.Float, nullable=True)
    op.create_index("job_by_status", "job", ["status", "created_at"])
    op.create_index("job_by_remote_id", "job", ["remote_job_id"])
    op.create_index("job_by_deletion", "job", ["deleted_at", "created_at"])
