"""The services of one deployment, opened from its settings by the dashboard or a command."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.exc import SQLAlchemyError

from frametally.access.access import Access, open_access
from frametally.client.client import VideoInferenceClient
from frametally.client.registry import ClientRegistry
from frametally.clock import utc_now
from frametally.config.generated_secret import read_or_make_secret
from frametally.config.layout import top_names
from frametally.config.settings import Settings
from frametally.contract import ROBOFLOW_API_URL
from frametally.engine.shared.records import Records
from frametally.errors import SettingsError
from frametally.health.checks import check_usable
from frametally.health.engine_key import open_records
from frametally.health.link_secret import record_secret
from frametally.health.object_storage import open_storage
from frametally.jobs.workflow import Workflow
from frametally.ledger.database import is_full, lacks_room
from frametally.ledger.ledger import Ledger
from frametally.ledger.people.open_pages import RecordedPages
from frametally.ledger.set_clock.guard import ClockGuard
from frametally.ledger.shares import count_views
from frametally.ledger.snapshot import sqlite_path
from frametally.library.holder import OpenPages
from frametally.library.library import Library
from frametally.library.removal import Retention
from frametally.library.tickets import Tickets
from frametally.network.certificates import fingerprint_of
from frametally.notifications.notifier import Notifier
from frametally.rendering.class_colors import ClassColors
from frametally.reports.shares.maker import JobBriefs
from frametally.reports.shares.shares import Shares
from frametally.reports.shares.validity import Validity
from frametally.reports.shares.views import ViewCounter
from frametally.reports.shares.webhook_links import WebhookLinks
from frametally.storage.derived import remove_old_exports
from frametally.storage.locks import SharedLock, lock_shared
from frametally.storage.permissions import restrict
from frametally.storage.space import TRY_AGAIN, is_disk_full

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """Ledger, video library, service clients, the workflow that uses them, and who may use it."""

    settings: Settings
    engine_key: str = field(repr=False)
    engine_records: Records | None
    """What its engine shares with those of other dashboards."""
    link_secret: str = field(repr=False)
    ledger: Ledger
    clients: ClientRegistry
    library: Library
    tickets: Tickets
    workflow: Workflow
    notifier: Notifier
    access: Access
    class_colors: ClassColors
    shares: Shares
    folder_lock: SharedLock = field(repr=False)
    """Held while the deployment is open, so that no restore replaces the data folder."""


def open_deployment(settings: Settings, embedded_url: Callable[[], str], certificate: Path | None = None) -> Deployment:
    """Open the data folder and the ledger, and create the services that use them.

    `embedded_url` returns the URL of the embedded engine; `certificate` is its TLS certificate in a PEM file, None
    without TLS.

    Raises:
        SettingsError: the data folder or the ledger is unusable, or the certificate cannot be read.
    """
    check_usable(settings)
    certificate_sha256 = _fingerprint(certificate)
    folder = _open_data_folder(settings)
    ledger = _open_ledger(settings.database_url)
    remove_old_exports(settings.data_dir)
    if record_secret(ledger, folder.link_secret):
        _LOG.warning("The ledger was used with another link secret before: unfinished jobs need their API key again.")

    max_bytes = settings.max_results_bytes

    def embedded() -> VideoInferenceClient:
        key = folder.engine_key
        return VideoInferenceClient(
            embedded_url(), key, is_embedded=True, certificate_sha256=certificate_sha256, max_results_bytes=max_bytes
        )

    def open_client(api_url: str, api_key: str) -> VideoInferenceClient:
        is_trusted = settings.api_private_urls or api_url == settings.api_url
        return VideoInferenceClient(api_url, api_key, max_results_bytes=max_bytes, must_be_public=not is_trusted)

    clients = ClientRegistry(folder.link_secret, embedded, open_client, engine_id=folder.engine_id)
    if settings.api_key:
        clients.remember(settings.api_url or ROBOFLOW_API_URL, settings.api_key)
    return _assemble(settings, folder, ledger, clients)


class _DataFolder(NamedTuple):
    lock: SharedLock
    engine_key: str
    engine_id: str
    """With object storage, each dashboard has a data folder and an engine of its own, and a common ledger."""
    engine_records: Records | None
    link_secret: str
    library: Library


def _open_data_folder(settings: Settings) -> _DataFolder:
    try:
        restrict(settings.data_dir, top_names())
        lock = lock_shared(settings.data_dir)
        cache = open_storage(settings)
        engine_key = settings.engine_key or read_or_make_secret(settings.engine_key_file)
        engine_id = _engine_id(settings) if cache else ""
        link_secret = read_or_make_secret(settings.link_secret_file)
        folder = _DataFolder(
            lock=lock,
            engine_key=engine_key,
            engine_id=engine_id,
            engine_records=open_records(cache.objects, engine_id, engine_key, link_secret) if cache else None,
            link_secret=link_secret,
            library=Library(
                settings.media_dir,
                max_video_bytes=settings.max_video_bytes,
                quota_bytes=settings.media_quota_bytes,
            ),
        )
    except OSError as error:
        what = f"The data folder cannot be used: {error.strerror}."
        next_step = TRY_AGAIN if is_disk_full(error) else "Check FRAMETALLY_DATA_DIR and the permissions of the folder."
        raise SettingsError(what, next_step) from error
    return folder


def _engine_id(settings: Settings) -> str:
    return hashlib.sha256(b"engine " + read_or_make_secret(settings.engine_key_file).encode()).hexdigest()[:16]


def _assemble(settings: Settings, folder: _DataFolder, ledger: Ledger, clients: ClientRegistry) -> Deployment:
    access = open_access(settings, ledger, folder.link_secret)
    class_colors = ClassColors(settings.colors_file)
    shares = _open_shares(settings, folder.library, ledger, access, class_colors)
    workflow = Workflow(
        ledger=ledger,
        clients=clients,
        library=folder.library,
        results_dir=settings.results_dir,
        lost_after_s=settings.lost_after_s,
        clock=utc_now,
        clock_guard=ClockGuard(ledger),
        max_results_bytes=settings.max_results_bytes,
        retention=Retention(
            videos_days=settings.keep_videos_days,
            videos_bytes=settings.keep_videos_bytes,
            results_days=settings.keep_results_days,
            audit_days=settings.keep_audit_days,
        ),
        also_tidy=shares.tidy,
    )
    folder.library.uploads.when_full(workflow.tidy)
    return Deployment(
        settings=settings,
        engine_key=folder.engine_key,
        engine_records=folder.engine_records,
        link_secret=folder.link_secret,
        ledger=ledger,
        clients=clients,
        library=folder.library,
        tickets=Tickets(folder.link_secret, pages=_open_pages(settings, ledger)),
        workflow=workflow,
        access=access,
        notifier=Notifier(ledger, settings, utc_now, share_link=_webhook_links(settings, shares)),
        class_colors=class_colors,
        shares=shares,
        folder_lock=folder.lock,
    )


def _open_pages(settings: Settings, ledger: Ledger) -> OpenPages:
    """With a database that several dashboards can share, each serves the files of pages that another one has open."""
    return OpenPages(elsewhere=None if sqlite_path(settings.database_url) else RecordedPages(ledger, utc_now))


def _open_shares(
    settings: Settings, library: Library, ledger: Ledger, access: Access, class_colors: ClassColors
) -> Shares:
    briefs = JobBriefs(
        ledger=ledger,
        library=library,
        results_dir=settings.results_dir,
        models_dir=settings.models_dir,
        colors=class_colors.of,
    )
    return Shares(
        validity=Validity(ledger=ledger, library=library, access=access),
        folder=settings.shares_dir,
        briefs=briefs,
        clock=utc_now,
        views=ViewCounter(lambda views: count_views(ledger, views, utc_now())),
    )


def _webhook_links(settings: Settings, shares: Shares) -> WebhookLinks | None:
    if settings.webhook_share and settings.webhook_url and settings.public_url:
        return WebhookLinks(shares, settings.public_url)
    return None


def _fingerprint(certificate: Path | None) -> str | None:
    try:
        return fingerprint_of(certificate) if certificate else None
    except (OSError, ValueError) as error:
        what = "The certificate of the server cannot be read."
        raise SettingsError(what, "Check Streamlit's option server.sslCertFile, which names a PEM file.") from error


def _open_ledger(database_url: str) -> Ledger:
    check = "Check FRAMETALLY_DATABASE_URL, and that its database is running and accepts this user."
    try:
        return Ledger(database_url)
    except ImportError as error:
        raise SettingsError(f"The job ledger needs the package {error.name}.", "Install it, then try again.") from error
    except (SQLAlchemyError, OSError) as error:  # their messages may contain the URL
        if is_full(error) or is_disk_full(error) or lacks_room(database_url):
            raise SettingsError("The job ledger cannot be opened: its disk is full.", TRY_AGAIN) from None
        raise SettingsError(f"The job ledger cannot be opened ({type(error).__name__}).", check) from None
