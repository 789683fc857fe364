"""Links to views that need no account."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add `share` and `share_job` (the jobs of its view). Of the token in a link, only the sha256 is kept."""
    op.create_table(
        "share",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("token_sha256", sa.String(64), nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("maker", sa.Text),
        sa.Column("maker_role", sa.String(16), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("follows", sa.Boolean, nullable=False),
        sa.Column("has_video", sa.Boolean, nullable=False),
        sa.Column("shows_preview", sa.Boolean, nullable=False),
        sa.Column("views", sa.BigInteger, nullable=False),
        sa.Column("last_viewed_at", sa.BigInteger),
    )
    op.create_table(
        "share_job",
        sa.Column("share_id", sa.String(36), primary_key=True),
        sa.Column("job_id", sa.String(36), primary_key=True),
        sa.Column("video_sha256", sa.String(64)),
    )
    op.create_index("share_job_job", "share_job", ["job_id"])
