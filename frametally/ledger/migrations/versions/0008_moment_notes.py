"""Notes on moments of videos."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add `moment_note`. `video` and `time` are those of a `PictureKey`; they belong to the video, not to a job."""
    op.create_table(
        "moment_note",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("video", sa.String(80), nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text),
    )
    op.create_index("moment_note_video", "moment_note", ["video", "time"])
