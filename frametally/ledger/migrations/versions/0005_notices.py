"""The outbox of notifications, and a fingerprint of the link secret that the ledger is used with."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add three tables, and an index to find recent events."""
    op.create_table(
        "notice",
        sa.Column("event_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("channel", sa.String(16), primary_key=True),
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("next_try_at", sa.BigInteger, nullable=False),
        sa.Column("last_error", sa.Text, nullable=False),
    )
    op.create_index("notice_by_turn", "notice", ["channel", "state", "next_try_at"])
    op.create_table(
        "notice_channel",
        sa.Column("name", sa.String(16), primary_key=True),
        sa.Column("since", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "secret_mark",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("print", sa.String(32), nullable=False),
    )
    op.create_index("event_by_time", "event", ["kind", "at"])
