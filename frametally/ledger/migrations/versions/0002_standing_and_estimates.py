"""Progress reported by a running job, and what estimates are based on."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add columns; estimates ignore the jobs from before."""
    op.add_column("job", sa.Column("frames", sa.Integer))
    op.add_column("job", sa.Column("standing", sa.Text))
    op.add_column("job", sa.Column("cancel_refused", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("job", sa.Column("began_at", sa.BigInteger))
