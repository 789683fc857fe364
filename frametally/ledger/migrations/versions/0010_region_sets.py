"""Lines and zones of cameras."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add `region_set`, `job_camera` (which camera took the video of a job) and `rule_report` (reported intervals).

    The id of a report is that of its event in the history of the job.
    """
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
    op.create_table(
        "rule_report",
        sa.Column("event_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("rule", sa.String(200), nullable=False),
        sa.Column("zone", sa.String(200), nullable=False),
        sa.Column("start_s", sa.Float, nullable=False),
        sa.Column("end_s", sa.Float, nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("peak", sa.Integer, nullable=False),
    )
    op.create_index("rule_report_job", "rule_report", ["job_id", "rule"])
