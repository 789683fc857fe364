"""Pending start requests, failed uploads, and the circuit breaker."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add two columns and a table."""
    op.add_column("job", sa.Column("starting_at", sa.BigInteger))
    op.add_column("job", sa.Column("upload_breaks", sa.Integer, nullable=False, server_default="0"))
    op.create_index("job_by_upload", "job", ["video_sha256", "upload_at"])
    op.create_table(
        "outage",
        sa.Column("service", sa.Text, primary_key=True),
        sa.Column("faults", sa.Integer, nullable=False),
        sa.Column("began_at", sa.BigInteger, nullable=False),
        sa.Column("next_try_at", sa.BigInteger),
    )
