"""Audits of counts."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add `audit` and `frame_check`. Both belong to a video, not to a job; `checker` is empty without a sign-in."""
    op.create_table(
        "audit",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("video", sa.String(80), nullable=False),
        sa.Column("population", sa.Text, nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("planned", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text),
    )
    op.create_index("audit_video", "audit", ["video", "created_at"])
    op.create_table(
        "frame_check",
        sa.Column("video", sa.String(80), primary_key=True),
        sa.Column("time", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("checker", sa.String(80), primary_key=True),
        sa.Column("seen", sa.Text, nullable=False),
        sa.Column("begun_at", sa.BigInteger, nullable=False),
        sa.Column("checked_at", sa.BigInteger, nullable=False),
    )
