"""The tables of the ledger as the code uses them; `migrations/` creates them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import sqlalchemy as sa

from frametally.contract import RunProgress
from frametally.errors import JobError


class Timestamp(sa.types.TypeDecorator[datetime]):
    """An aware time, stored as microseconds since 1970-01-01 UTC: the same value and order in every database.

    Raises:
        JobError: a time without a time zone is stored.
    """

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:  # noqa: ARG002
        if value is not None and value.tzinfo is None:
            raise JobError("A time without a time zone cannot be stored.")
        return None if value is None else (value - _EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class JsonText(sa.types.TypeDecorator[RunProgress]):
    """The progress that a service reported, as JSON: no query reads into it."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: RunProgress | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> RunProgress | None:  # noqa: ARG002
        return None if value is None else _decode_run_progress(value)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
METADATA = sa.MetaData()

JOB = sa.Table(
    "job",
    METADATA,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("service", sa.Text, nullable=False),
    sa.Column("key_id", sa.String(32), nullable=False),
    sa.Column("video_name", sa.Text, nullable=False),
    sa.Column("video_sha256", sa.String(64)),
    sa.Column("video_url", sa.Text),
    sa.Column("models", sa.Text, nullable=False),
    sa.Column("infer_fps", sa.Float),
    sa.Column("frames", sa.Integer),
    sa.Column("upload_url", sa.Text),
    sa.Column("uploaded_at", Timestamp),
    sa.Column("failed_uploads", sa.Integer, nullable=False),
    sa.Column("start_requested_at", Timestamp),
    sa.Column("remote_job_id", sa.Text),
    sa.Column("service_message", sa.Text, nullable=False),
    sa.Column("progress", sa.Float),
    sa.Column("run_progress", JsonText),
    sa.Column("cancel_refused", sa.Boolean, nullable=False),
    sa.Column("failure", sa.Text, nullable=False),
    sa.Column("notes", sa.Text, nullable=False),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("checked_at", Timestamp),
    sa.Column("last_known_at", Timestamp),
    sa.Column("run_started_at", Timestamp),
    sa.Column("next_check_at", Timestamp, nullable=False),
    sa.Column("ended_at", Timestamp),
    sa.Column("deleted_at", Timestamp),
    sa.Column("owner", sa.Text),
)
EVENT = sa.Table(
    "event",
    METADATA,
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("job_id", sa.String(36), nullable=False),
    sa.Column("at", Timestamp, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("status", sa.String(16)),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("actor", sa.Text),
    sa.Column("origin", sa.Text),
)
JOB_TAG = sa.Table(
    "job_tag",
    METADATA,
    sa.Column("job_id", sa.String(36), primary_key=True),
    sa.Column("tag", sa.String(60), primary_key=True),
)
MOMENT_NOTE = sa.Table(
    "moment_note",
    METADATA,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("video", sa.String(80), nullable=False),
    sa.Column("time", sa.BigInteger, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("actor", sa.Text),
)
REGION_SET = sa.Table(
    "region_set",
    METADATA,
    sa.Column("camera", sa.String(200), primary_key=True),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("changed_at", Timestamp, nullable=False),
    sa.Column("actor", sa.Text),
)
JOB_CAMERA = sa.Table(
    "job_camera",
    METADATA,
    sa.Column("job_id", sa.String(36), primary_key=True),
    sa.Column("camera", sa.String(200), nullable=False),
)
RULE_REPORT = sa.Table(
    "rule_report",
    METADATA,
    sa.Column("event_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("job_id", sa.String(36), nullable=False),
    sa.Column("rule", sa.String(200), nullable=False),
    sa.Column("zone", sa.String(200), nullable=False),
    sa.Column("start_s", sa.Float, nullable=False),
    sa.Column("end_s", sa.Float, nullable=False),
    sa.Column("is_open", sa.Boolean, nullable=False),
    sa.Column("peak", sa.Integer, nullable=False),
)
RULE_CHECK = sa.Table(
    "rule_check",
    METADATA,
    sa.Column("job_id", sa.String(36), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_try_at", Timestamp, nullable=False),
)
AUDIT = sa.Table(
    "audit",
    METADATA,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("video", sa.String(80), nullable=False),
    sa.Column("population", sa.Text, nullable=False),
    sa.Column("settings", sa.Text, nullable=False),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("planned", sa.Integer, nullable=False),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("actor", sa.Text),
)
FRAME_CHECK = sa.Table(
    "frame_check",
    METADATA,
    sa.Column("video", sa.String(80), primary_key=True),
    sa.Column("time", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("checker", sa.String(80), primary_key=True),
    sa.Column("seen", sa.Text, nullable=False),
    sa.Column("begun_at", Timestamp, nullable=False),
    sa.Column("checked_at", Timestamp, nullable=False),
)
PERSON = sa.Table(
    "person",
    METADATA,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("issuer", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("role", sa.String(16)),
    sa.Column("not_before", Timestamp),
    sa.Column("first_seen_at", Timestamp, nullable=False),
)
ENDED_SESSION = sa.Table(
    "ended_session",
    METADATA,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("ended_at", Timestamp, nullable=False),
)
ACCESS_EVENT = sa.Table(
    "access_event",
    METADATA,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("at", Timestamp, nullable=False),
    sa.Column("actor", sa.Text),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("about", sa.Text),
)
OUTAGE = sa.Table(
    "outage",
    METADATA,
    sa.Column("service", sa.Text, primary_key=True),
    sa.Column("faults", sa.Integer, nullable=False),
    sa.Column("began_at", Timestamp, nullable=False),
    sa.Column("next_try_at", Timestamp),
)
PRESET = sa.Table(
    "preset",
    METADATA,
    sa.Column("service", sa.Text, primary_key=True),
    sa.Column("name", sa.String(80), primary_key=True),
    sa.Column("model", sa.Text, nullable=False),
)
NOTICE = sa.Table(
    "notice",
    METADATA,
    sa.Column("event_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("channel", sa.String(16), primary_key=True),
    sa.Column("job_id", sa.String(36), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("made_at", Timestamp, nullable=False),
    sa.Column("next_try_at", Timestamp, nullable=False),
    sa.Column("last_error", sa.Text, nullable=False),
)
NOTICE_CHANNEL = sa.Table(
    "notice_channel",
    METADATA,
    sa.Column("name", sa.String(16), primary_key=True),
    sa.Column("since", Timestamp, nullable=False),
)
SHARE = sa.Table(
    "share",
    METADATA,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("token_sha256", sa.String(64), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("maker", sa.Text),
    sa.Column("maker_role", sa.String(16), nullable=False),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("expires_at", Timestamp, nullable=False),
    sa.Column("revoked_at", Timestamp),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("follows", sa.Boolean, nullable=False),
    sa.Column("has_video", sa.Boolean, nullable=False),
    sa.Column("shows_preview", sa.Boolean, nullable=False),
    sa.Column("views", sa.BigInteger, nullable=False),
    sa.Column("last_viewed_at", Timestamp),
)
SHARE_JOB = sa.Table(
    "share_job",
    METADATA,
    sa.Column("share_id", sa.String(36), primary_key=True),
    sa.Column("job_id", sa.String(36), primary_key=True),
    sa.Column("video_sha256", sa.String(64)),
)
SECRET_MARK = sa.Table(
    "secret_mark",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("print", sa.String(32), nullable=False),
)
OPEN_PAGE = sa.Table(
    "open_page",
    METADATA,
    sa.Column("mark", sa.String(16), primary_key=True),
    sa.Column("seen_at", Timestamp, nullable=False),
)

_decode_run_progress = msgspec.json.Decoder(RunProgress).decode
