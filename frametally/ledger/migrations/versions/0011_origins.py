"""Where actions on jobs came from, and whom a change of rights concerns."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add `event.origin` and `access_event.about`, the id of a person or of a job."""
    op.add_column("event", sa.Column("origin", sa.Text))
    op.add_column("access_event", sa.Column("about", sa.Text))
