"""The first schema: jobs and model presets."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create both tables; times are UTC microseconds."""
    op.create_table(
        "job",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("video_name", sa.Text, nullable=False),
        sa.Column("video_sha256", sa.String(64)),
        sa.Column("video_url", sa.Text),
        sa.Column("models", sa.Text, nullable=False),
        sa.Column("infer_fps", sa.Float, nullable=False),
        sa.Column("upload_url", sa.Text),
        sa.Column("remote_job_id", sa.Text),
        sa.Column("service_says", sa.Text, nullable=False),
        sa.Column("progress", sa.Float),
        sa.Column("failure", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("checked_at", sa.BigInteger),
        sa.Column("answered_at", sa.BigInteger),
        sa.Column("next_check_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
    )
    op.create_index("job_by_age", "job", ["created_at"])
    op.create_index("job_by_turn", "job", ["status", "next_check_at"])
    op.create_table(
        "preset",
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("model", sa.Text, nullable=False),
    )
