"""Open pages."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add `open_page`: when a page of a browser was open last, for dashboards that do not see each other's pages."""
    op.create_table(
        "open_page",
        sa.Column("mark", sa.String(16), primary_key=True),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
    )
