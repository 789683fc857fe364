"""Every setting of Frametally, read once at start and passed in."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from frametally.config.access_settings import AccessSettings
from frametally.config.inference_servers import KEY_SETTING, SERVERS_SETTING, InferenceServers, parse_served_models
from frametally.config.inference_servers import ServedModels as ServedModels
from frametally.config.parsers import (
    email_addresses,
    embed_sites,
    flag,
    folder,
    frame_ancestors,
    host_names,
    optional_cluster,
    optional_integer,
    optional_service_url,
    optional_smtp_url,
    optional_text,
    optional_web_url,
    positive_integer,
    positive_number,
)
from frametally.config.setting import setting, settings_of
from frametally.config.storage_settings import StorageSettings
from frametally.errors import SettingsError
from frametally.storage.objects import storage_keys


@dataclass(frozen=True, kw_only=True)
class Settings(StorageSettings, AccessSettings):
    """The settings of one deployment, those of its bases included."""

    api_url: str | None = setting(
        "FRAMETALLY_API_URL",
        optional_service_url,
        meaning="Video Inference service that is selected at start; unset: the built-in engine.",
        is_secret=True,  # may contain a key by mistake
    )
    api_key: str | None = setting(
        "ROBOFLOW_API_KEY",
        optional_text,
        meaning="API key for that service; unset: entered on the Configuration page.",
        is_secret=True,
    )
    api_private_urls: bool = setting(
        "FRAMETALLY_API_PRIVATE_URLS",
        flag,
        default="false",
        meaning="Whether a service URL that a user enters may have a private, loopback or link-local address.",
    )
    data_dir: Path = setting(
        "FRAMETALLY_DATA_DIR",
        folder,
        default="./data",
        meaning="Folder for all data: ledger, videos, results, models.",
    )
    database_url: str = setting(
        "FRAMETALLY_DATABASE_URL",
        str,
        default="sqlite:///<data>/frametally.db",
        meaning="SQLAlchemy URL of the job ledger; for PostgreSQL `postgresql+psycopg://user:password@host/name`.",
        is_secret=True,
    )
    models_dir: Path = setting(
        "FRAMETALLY_MODELS_DIR",
        folder,
        default="<data>/models",
        meaning="Folder of the engine's models: `<model_id>/<version>/model.onnx`.",
    )
    engine_key: str | None = setting(
        "FRAMETALLY_ENGINE_KEY",
        optional_text,
        default_text="generated at first start",
        meaning="API key of the built-in engine; a generated key is stored in `<data>/engine/key`.",
        is_secret=True,
    )
    engine_private_urls: bool = setting(
        "FRAMETALLY_ENGINE_PRIVATE_URLS",
        flag,
        default="false",
        meaning="Whether the engine may fetch input URLs with private, loopback or link-local addresses.",
    )
    engine_faults: str = setting(
        "FRAMETALLY_ENGINE_FAULTS",
        str,
        meaning="Faults that the engine injects, for tests of a dashboard; on a loopback address only.",
    )
    engine_keep_s: float = setting(
        "FRAMETALLY_ENGINE_KEEP_S",
        positive_number,
        default="604800",
        meaning="Retention in seconds of the engine's uploads and ended jobs.",
    )
    cluster: str | None = setting(
        "FRAMETALLY_CLUSTER",
        optional_cluster,
        meaning="Ray cluster that runs the jobs: `auto`, `host:6379` or `ray://host:10001`; unset: this machine alone.",
    )
    served_models: tuple[ServedModels, ...] = setting(
        SERVERS_SETTING,
        parse_served_models,
        meaning="Models that run on Roboflow Inference servers: `my-model/3=http://127.0.0.1:9001, gaze/*=…`.",
        is_secret=True,  # may contain a key by mistake
    )
    inference_key: str | None = setting(
        KEY_SETTING,
        optional_text,
        meaning="API key for those servers; unset: none is sent.",
        is_secret=True,
    )
    max_video_bytes: int = setting(
        "FRAMETALLY_MAX_VIDEO_BYTES",
        positive_integer,
        default="10737418240",
        meaning="Maximum size of a video in bytes.",
    )
    max_results_bytes: int = setting(
        "FRAMETALLY_MAX_RESULTS_BYTES",
        positive_integer,
        default="8589934592",
        meaning="Maximum size of the results of one job in bytes, unpacked.",
    )
    media_quota_bytes: int | None = setting(
        "FRAMETALLY_MEDIA_QUOTA_BYTES",
        optional_integer,
        meaning="Maximum total size of all stored videos in bytes; unset: the disk less a reserve of 512 MiB.",
    )
    keep_videos_days: int | None = setting(
        "FRAMETALLY_KEEP_VIDEOS_DAYS",
        optional_integer,
        meaning="Days after which a stored video that was not uploaded or analyzed again is removed; unset: kept.",
    )
    keep_videos_bytes: int | None = setting(
        "FRAMETALLY_KEEP_VIDEOS_BYTES",
        optional_integer,
        meaning="Total size in bytes above which the stored videos used longest ago are removed; unset: kept.",
    )
    keep_results_days: int | None = setting(
        "FRAMETALLY_KEEP_RESULTS_DAYS",
        optional_integer,
        meaning="Days after which an ended job is deleted with its results; unset: kept.",
    )
    lost_after_s: float = setting(
        "FRAMETALLY_LOST_AFTER_S",
        positive_number,
        default="86400",
        meaning="Seconds without a status from the service after which a job is marked *No response*.",
    )
    public_url: str | None = setting(
        "FRAMETALLY_PUBLIC_URL",
        optional_service_url,
        meaning="URL of this dashboard, with its base path, for links in notifications; unset: no links.",
    )
    browser: str | None = setting(
        "FRAMETALLY_BROWSER",
        optional_text,
        default_text="the first one installed",
        meaning="Chromium, Chrome or Edge that prints briefs as PDF: a name or a path.",
    )
    allowed_hosts: tuple[str, ...] = setting(
        "FRAMETALLY_ALLOWED_HOSTS",
        host_names,
        default_text="any",
        meaning="Host names that the dashboard answers to, separated by commas: `tally.example.com, *.example.org`.",
    )
    embed_sites: tuple[str, ...] = setting(
        "FRAMETALLY_EMBED_SITES",
        embed_sites,
        default_text="none",
        meaning="Sites that may embed shared views: origins, separated by commas: `https://intranet.example.com`.",
    )
    frame_ancestors: tuple[str, ...] = setting(
        "FRAMETALLY_FRAME_ANCESTORS",
        frame_ancestors,
        default_text="any",
        meaning="Sites that may embed the dashboard: `none`, or `self` and origins, separated by commas.",
    )
    max_tabs: int = setting(
        "FRAMETALLY_MAX_TABS",
        positive_integer,
        default="200",
        meaning="Maximum number of open tabs; further ones get a page that says so and tries again.",
    )
    max_tabs_per_client: int = setting(
        "FRAMETALLY_MAX_TABS_PER_CLIENT",
        positive_integer,
        default="60",
        meaning="Maximum number of open tabs of one address; those of the machine itself are not counted.",
    )
    health_port: int | None = setting(
        "FRAMETALLY_HEALTH_PORT",
        optional_integer,
        meaning="Port on which another process serves `/health` and `/metrics`, also while the dashboard is busy.",
    )
    webhook_url: str | None = setting(
        "FRAMETALLY_WEBHOOK_URL",
        optional_web_url,
        meaning="URL that receives a JSON message when a job ends; Slack incoming webhooks work unchanged.",
        is_secret=True,
    )
    webhook_secret: str | None = setting(
        "FRAMETALLY_WEBHOOK_SECRET",
        optional_text,
        meaning="Key that signs webhook messages (HMAC-SHA256); unset: unsigned.",
        is_secret=True,
    )
    webhook_private_urls: bool = setting(
        "FRAMETALLY_WEBHOOK_PRIVATE_URLS",
        flag,
        default="false",
        meaning="Whether the webhook may have a private, loopback or link-local address.",
    )
    webhook_share: bool = setting(
        "FRAMETALLY_WEBHOOK_SHARE",
        flag,
        default="false",
        meaning="Whether the message of a job that is done has a link that shows its results without an account.",
    )
    smtp_url: str | None = setting(
        "FRAMETALLY_SMTP_URL",
        optional_smtp_url,
        meaning="SMTP server for email when a job ends: `smtp://user:password@host:587` (STARTTLS) or `smtps://…`.",
        is_secret=True,
    )
    email_from: str = setting(
        "FRAMETALLY_EMAIL_FROM",
        str,
        default="frametally@localhost",
        meaning="Sender of the email.",
    )
    email_to: tuple[str, ...] = setting(
        "FRAMETALLY_EMAIL_TO",
        email_addresses,
        meaning="Recipients of the email, separated by commas.",
    )

    @classmethod
    def read(cls, environment: Mapping[str, str], secrets: Mapping[str, object] | None = None) -> Settings:
        """Read each setting from the environment, else from secrets.toml, else use its default.

        An empty value counts as unset.

        Raises:
            SettingsError: a value is invalid, or a `FRAMETALLY_` name is unknown.
        """
        secrets = secrets or {}
        declared = settings_of(cls)
        _refuse_unknown([*environment, *secrets], [each.name for each in declared.values()])
        texts = {
            field: environment.get(each.name, "").strip() or str(secrets.get(each.name, "")).strip()
            for field, each in declared.items()
        }
        data_dir = declared["data_dir"].value(texts["data_dir"], Path())
        values = {field: each.value(texts[field], data_dir) for field, each in declared.items()}
        return cls(**values, storage_keys=storage_keys(environment, secrets))

    @property
    def inference_servers(self) -> InferenceServers:
        """The servers of `served_models`, with their key."""
        return InferenceServers(self.served_models, self.inference_key)

    @property
    def engine_dir(self) -> Path:
        """The engine's uploads, jobs and generated key."""
        return self.data_dir / "engine"

    @property
    def engine_key_file(self) -> Path:
        """The engine's generated API key."""
        return self.engine_dir / "key"

    @property
    def link_secret_file(self) -> Path:
        """The secret that signs links and upload tickets."""
        return self.data_dir / "secret"

    @property
    def shares_dir(self) -> Path:
        """The briefs that links serve."""
        return self.data_dir / "shares"

    @property
    def media_dir(self) -> Path:
        """The stored videos, and uploads in progress."""
        return self.data_dir / "media"

    @property
    def colors_file(self) -> Path:
        """The color of each class name."""
        return self.data_dir / "colors.json"

    @property
    def results_dir(self) -> Path:
        """The archived results, one folder per job."""
        return self.data_dir / "results"


def _refuse_unknown(names: list[str], known: list[str]) -> None:
    for name in names:
        if name.startswith("FRAMETALLY_") and name not in known:
            close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            next_step = f"Did you mean {close[0]}?" if close else f"The settings are {', '.join(known)}."
            raise SettingsError(f"Unknown setting {name}.", next_step)
