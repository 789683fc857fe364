"""Lines and zones of cameras."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add `region_set`, and `job_camera`: which camera took the video of a job."""
    op.create_table(
        "region_set",
        sa.Column("camera", sa.String(200), primary_key=True),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text),
    )
    op.create_table(
        "job_camera",
        sa.Column("job_id", sa.String(36), primary_key=True),
        sa.Column("camera", sa.String(200), nullable=False),
    )
