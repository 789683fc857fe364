"""Every setting of Frametally: its name, its default and what it means; read once at start and passed in."""

from __future__ import annotations

import difflib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from frametally.config.inference_servers import KEY_SETTING, NO_SERVERS, SERVERS_SETTING, ModelServers
from frametally.config.smtp_server import parse_smtp_server
from frametally.errors import SettingsError
from frametally.network.urls import parse_service_url
from frametally.storage.atomic import write_bytes
from frametally.storage.locks import locked


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting as the README's table and `secrets.toml.example` show it."""

    name: str
    default: str
    meaning: str


SETTINGS = (
    Setting(
        name="FRAMETALLY_API_URL",
        default="",
        meaning="The Video Inference service to start with; unset: the engine built in.",
    ),
    Setting(
        name="ROBOFLOW_API_KEY",
        default="",
        meaning="API key for a service that is not the engine; unset: asked for on the Configuration page.",
    ),
    Setting(
        name="FRAMETALLY_DATA_DIR",
        default="./data",
        meaning="Folder of everything that is kept: ledger, videos, results, models.",
    ),
    Setting(
        name="FRAMETALLY_DATABASE_URL",
        default="sqlite:///<data>/frametally.db",
        meaning="SQLAlchemy URL of the job ledger; PostgreSQL is `postgresql+psycopg://user:password@host/name`.",
    ),
    Setting(
        name="FRAMETALLY_MODELS_DIR",
        default="<data>/models",
        meaning="Models of the engine: `<model_id>/<version>/model.onnx`.",
    ),
    Setting(
        name="FRAMETALLY_ENGINE_KEY",
        default="made at first start",
        meaning="API key that the built-in engine asks for; the made one is kept in `<data>/engine/key`.",
    ),
    Setting(
        name="FRAMETALLY_ENGINE_PRIVATE_URLS",
        default="false",
        meaning="Whether the engine may fetch an input URL from a private, loopback or link-local address.",
    ),
    Setting(
        name="FRAMETALLY_ENGINE_FAULTS",
        default="",
        meaning="Faults for the engine to answer with, to try a dashboard against them; on a loopback address only.",
    ),
    Setting(
        name="FRAMETALLY_ENGINE_KEEP_S",
        default="604800",
        meaning="For how many seconds the engine keeps uploads and the jobs that have ended.",
    ),
    Setting(
        name=SERVERS_SETTING,
        default="",
        meaning="Models that an inference server runs, as `my-model/3=http://127.0.0.1:9001, gaze/*=…`.",
    ),
    Setting(
        name=KEY_SETTING,
        default="",
        meaning="API key that those servers open models with; unset: none is sent.",
    ),
    Setting(
        name="FRAMETALLY_MAX_VIDEO_BYTES",
        default="10737418240",
        meaning="Largest video that is accepted, in bytes.",
    ),
    Setting(
        name="FRAMETALLY_MEDIA_QUOTA_BYTES",
        default="",
        meaning="What all kept videos may take together, in bytes; unset: as much as the disk has.",
    ),
    Setting(
        name="FRAMETALLY_LOST_AFTER_S",
        default="86400",
        meaning="A job that the service says nothing about for so many seconds is marked lost.",
    ),
    Setting(
        name="FRAMETALLY_PUBLIC_URL",
        default="",
        meaning="Where people open this dashboard; with it, messages about jobs hold a link.",
    ),
    Setting(
        name="FRAMETALLY_WEBHOOK_URL",
        default="",
        meaning="Where a JSON message is posted when a job ends; an incoming webhook of Slack works as it is.",
    ),
    Setting(
        name="FRAMETALLY_WEBHOOK_SECRET",
        default="",
        meaning="What those messages are signed with (HMAC-SHA256); unset: they are not signed.",
    ),
    Setting(
        name="FRAMETALLY_WEBHOOK_PRIVATE_URLS",
        default="false",
        meaning="Whether that address may be a private, loopback or link-local one.",
    ),
    Setting(
        name="FRAMETALLY_SMTP_URL",
        default="",
        meaning="Mail server for messages when a job ends: `smtp://user:password@host:587` (STARTTLS) or `smtps://…`.",
    ),
    Setting(
        name="FRAMETALLY_EMAIL_FROM",
        default="frametally@localhost",
        meaning="Sender of those mails.",
    ),
    Setting(
        name="FRAMETALLY_EMAIL_TO",
        default="",
        meaning="Who gets them, with commas between several.",
    ),
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one deployment. Secrets stay out of its `repr`."""

    data_dir: Path
    database_url: str = field(repr=False)
    models_dir: Path
    api_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    engine_key: str | None = field(default=None, repr=False)
    engine_private_urls: bool = False
    engine_faults: str = ""
    engine_keep_s: float = 604_800.0
    model_servers: ModelServers = NO_SERVERS
    max_video_bytes: int = 10 * 1024**3
    media_quota_bytes: int | None = None
    lost_after_s: float = 86_400.0
    public_url: str | None = None
    webhook_url: str | None = field(default=None, repr=False)
    webhook_secret: str | None = field(default=None, repr=False)
    webhook_private_urls: bool = False
    smtp_url: str | None = field(default=None, repr=False)
    email_from: str = "frametally@localhost"
    email_to: tuple[str, ...] = ()

    @classmethod
    def read(cls, env: Mapping[str, str], secrets: Mapping[str, object] | None = None) -> Settings:
        """Read the environment, else Streamlit's secrets, else the default; an empty value counts as unset.

        Raises:
            SettingsError: a value is wrong, or a `FRAMETALLY_` name is unknown (the message suggests the right one).
        """
        secrets = secrets or {}
        for name in (*env, *secrets):
            if name.startswith("FRAMETALLY_") and name not in _BY_NAME:
                raise SettingsError(f"There is no setting {name}.", _suggestion(name))

        def value(name: str) -> str:
            return env.get(name, "").strip() or str(secrets.get(name, "")).strip()

        data_dir, quota = Path(value("FRAMETALLY_DATA_DIR") or "data").absolute(), value("FRAMETALLY_MEDIA_QUOTA_BYTES")
        return cls(
            data_dir=data_dir,
            database_url=value("FRAMETALLY_DATABASE_URL") or f"sqlite:///{data_dir / 'frametally.db'}",
            models_dir=Path(value("FRAMETALLY_MODELS_DIR") or data_dir / "models").absolute(),
            api_url=parse_service_url(value("FRAMETALLY_API_URL")) if value("FRAMETALLY_API_URL") else None,
            api_key=value("ROBOFLOW_API_KEY") or None,
            engine_key=value("FRAMETALLY_ENGINE_KEY") or None,
            engine_private_urls=_parse_flag("FRAMETALLY_ENGINE_PRIVATE_URLS", value("FRAMETALLY_ENGINE_PRIVATE_URLS")),
            engine_faults=value("FRAMETALLY_ENGINE_FAULTS"),
            engine_keep_s=_parse_number("FRAMETALLY_ENGINE_KEEP_S", value("FRAMETALLY_ENGINE_KEEP_S")),
            model_servers=ModelServers.read({name: value(name) for name in (SERVERS_SETTING, KEY_SETTING)}),
            max_video_bytes=int(_parse_number("FRAMETALLY_MAX_VIDEO_BYTES", value("FRAMETALLY_MAX_VIDEO_BYTES"))),
            media_quota_bytes=int(_parse_number("FRAMETALLY_MEDIA_QUOTA_BYTES", quota)) if quota else None,
            lost_after_s=_parse_number("FRAMETALLY_LOST_AFTER_S", value("FRAMETALLY_LOST_AFTER_S")),
            public_url=parse_service_url(value("FRAMETALLY_PUBLIC_URL")) if value("FRAMETALLY_PUBLIC_URL") else None,
            webhook_url=_parse_webhook(value("FRAMETALLY_WEBHOOK_URL")),
            webhook_secret=value("FRAMETALLY_WEBHOOK_SECRET") or None,
            webhook_private_urls=_parse_flag(
                "FRAMETALLY_WEBHOOK_PRIVATE_URLS", value("FRAMETALLY_WEBHOOK_PRIVATE_URLS")
            ),
            smtp_url=_parse_smtp(value("FRAMETALLY_SMTP_URL")),
            email_from=value("FRAMETALLY_EMAIL_FROM") or "frametally@localhost",
            email_to=_parse_recipients(value("FRAMETALLY_EMAIL_TO")),
        )

    @property
    def engine_dir(self) -> Path:
        """Where the embedded engine keeps its uploads, its jobs and its key."""
        return self.data_dir / "engine"

    @property
    def engine_key_file(self) -> Path:
        """The key that the engine made for itself; the only file that holds a key."""
        return self.engine_dir / "key"

    @property
    def link_secret_file(self) -> Path:
        """What signed links and tickets are signed with."""
        return self.data_dir / "secret"

    @property
    def media_dir(self) -> Path:
        """The kept videos."""
        return self.data_dir / "media"

    @property
    def exports_dir(self) -> Path:
        """Tables and videos that were made to be taken away; they can be made again."""
        return self.data_dir / "exports"

    @property
    def colors_file(self) -> Path:
        """The color of each class name."""
        return self.data_dir / "colors.json"

    @property
    def results_dir(self) -> Path:
        """The archived results, one folder per job."""
        return self.data_dir / "results"


def read_or_make_secret(path: Path) -> str:
    """The secret kept in a file that only its owner may read; made at the first call.

    Two processes that start together agree: the one that comes second reads what the first one wrote.

    Raises:
        SettingsError: the file is there and empty.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path.parent):
            if not path.exists():
                # Flushed to disk: an empty secret after a power cut would be known to everyone.
                write_bytes(path, secrets.token_urlsafe(32).encode(), mode=0o600)
    secret = path.read_text().strip()
    if not secret:
        raise SettingsError(f"The file {path.name} of the data folder is empty.", "Remove it: a new one is made.")
    return secret


def _suggestion(name: str) -> str:
    close = difflib.get_close_matches(name, _BY_NAME, n=1, cutoff=0.5)
    return f"Did you mean {close[0]}?" if close else f"The settings are {', '.join(_BY_NAME)}."


def _parse_flag(name: str, text: str) -> bool:
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    word = (text or _BY_NAME[name].default).lower()
    if word not in words:
        raise SettingsError(f"{name} is {text!r}.", "It takes true or false.")
    return words[word]


def _parse_webhook(text: str) -> str | None:
    if text and not text.startswith(("https://", "http://")):
        raise SettingsError("FRAMETALLY_WEBHOOK_URL is no http or https address.", "Like https://hooks.example.com/…")
    return text or None


def _parse_smtp(text: str) -> str | None:
    if text:
        parse_smtp_server(text)
    return text or None


def _parse_recipients(text: str) -> tuple[str, ...]:
    recipients = tuple(filter(None, (part.strip() for part in text.split(","))))
    if any("@" not in recipient or any(char.isspace() for char in recipient) for recipient in recipients):
        raise SettingsError(
            "FRAMETALLY_EMAIL_TO holds something that is no address.", "Like a@example.com, b@example.com."
        )
    return recipients


def _parse_number(name: str, text: str) -> float:
    try:
        number = float(text or _BY_NAME[name].default)
    except ValueError:
        number = -1
    if not 0 < number < float("inf"):
        raise SettingsError(f"{name} is {text!r}.", "It takes a number above zero.")
    return number
