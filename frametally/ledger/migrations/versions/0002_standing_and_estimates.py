"""What a running job tells of itself, and what estimates learn from."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add columns; what ran before them is not learned from."""
    op.add_column("job", sa.Column("frames", sa.Integer))
    op.add_column("job", sa.Column("standing", sa.Text))
    op.add_column("job", sa.Column("cancel_refused", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("job", sa.Column("began_at", sa.BigInteger))
