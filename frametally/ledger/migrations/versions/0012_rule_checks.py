"""Rules of a camera that are to be checked in a job."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add `rule_check`, a row for each job that was started with a camera."""
    op.create_table(
        "rule_check",
        sa.Column("job_id", sa.String(36), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_try_at", sa.BigInteger, nullable=False),
    )
    op.create_index("rule_check_state", "rule_check", ["state", "next_try_at"])
