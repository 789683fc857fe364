"""Preflight: what would make a job fail, checked before it is submitted. Pure functions over data gathered elsewhere.

A warning never blocks a job; only a certain failure does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from urllib.parse import parse_qs

from frametally.config.inference_servers import NO_SERVERS, InferenceServers
from frametally.contract import (
    ENGINE_RATES,
    SERVICE_RATES,
    VIDEO_SUFFIXES,
    ModelInfo,
    is_too_slow,
    rate_refusal,
)
from frametally.job import EMBEDDED, RunRequest
from frametally.jobs import messages
from frametally.network.url_probe import UrlReport
from frametally.network.urls import split_url
from frametally.storage.file_names import KEPT_SUFFIXES
from frametally.storage.space import DISK_RESERVE_BYTES, LOW_DISK_BYTES
from frametally.video.probe import VideoInfo

SHORT_LINK: Final = timedelta(hours=6)
"""A link that is valid for less may expire before the job starts."""
_MIN_EXPIRY_S: Final = 1_000_000_000
"""Unix time of September 2001; a smaller number is not the expiry time of a link."""
_CONVERTIBLE: Final = tuple(suffix for suffix in KEPT_SUFFIXES if suffix not in VIDEO_SUFFIXES)
_CONTAINERS: Final = ("mov", "avi", "matroska")
"""The names in `VideoInfo.container` for MP4, AVI, and MKV or WebM."""
_GONE: Final = (404, 410)
Severity = Literal["stops", "warns"]


@dataclass(frozen=True, kw_only=True)
class PreflightIssue:
    """One reason why a job will fail, or may."""

    severity: Severity
    what: str
    next_step: str
    fix: Literal["remux"] | None = None
    """The fix that the dashboard can apply; None where there is none."""

    @property
    def stops(self) -> bool:
        return self.severity == "stops"


@dataclass(frozen=True, kw_only=True)
class Preflight:
    """A request, and what is known about its video, its service and this machine; None where not determined."""

    request: RunRequest
    now: datetime
    video: VideoInfo | None = None
    """The video in the library."""
    url_report: UrlReport | None = None
    installed: Sequence[ModelInfo] = ()
    """The models that the service lists; empty where it lists none or does not respond."""
    inference_servers: InferenceServers = NO_SERVERS
    free_bytes: int | None = None
    """Free space on the disk of the data folder."""

    @property
    def is_on_engine(self) -> bool:
        return self.request.service == EMBEDDED


def find_issues(preflight: Preflight) -> list[PreflightIssue]:
    """All known issues, the blocking ones first."""
    url = preflight.request.video_url
    if url and not split_url(url).scheme:
        return [_issue("stops", messages.BAD_VIDEO_URL)]
    checks = (_container, _rate, _models, _expiry, _probed_url, _disk)
    found = [issue for check in checks for issue in check(preflight)]
    return sorted(found, key=lambda issue: not issue.stops)


def expires_at(url: str) -> datetime | None:
    """When a signed link expires (S3, Google Cloud Storage, Azure, CloudFront); None where the URL does not contain it.

    `Expires` is read only together with a signature: without one it may have another meaning.
    """
    query = {name.lower(): values[0] for name, values in parse_qs(split_url(url).query).items()}
    try:
        for vendor in ("x-amz", "x-goog"):
            if f"{vendor}-date" in query and f"{vendor}-expires" in query:
                signed_at = datetime.strptime(query[f"{vendor}-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
                return signed_at + timedelta(seconds=int(query[f"{vendor}-expires"]))
        if "se" in query and "sig" in query:
            end = datetime.fromisoformat(query["se"])
            return end if end.tzinfo else end.replace(tzinfo=UTC)
        is_signed = "signature" in query or "key-pair-id" in query
        end_s = int(query.get("expires", 0)) if is_signed else 0
        return datetime.fromtimestamp(end_s, UTC) if end_s >= _MIN_EXPIRY_S else None
    except (ValueError, OverflowError, OSError):
        return None


def _issue(severity: Severity, message: tuple[str, str], fix: Literal["remux"] | None = None) -> PreflightIssue:
    return PreflightIssue(severity=severity, what=message[0], next_step=message[1], fix=fix)


def _container(preflight: Preflight) -> Iterator[PreflightIssue]:
    """A service accepts a file by its suffix, so a wrong one stops; content of another format is a warning."""
    if preflight.request.video_url:
        last = split_url(preflight.request.video_url).path.rpartition("/")[2]
        if last.lower().endswith(_CONVERTIBLE) and not preflight.is_on_engine:
            yield _issue("warns", messages.url_suffix(last))
        return
    if preflight.video is None:
        return
    name, container = preflight.request.video_name, preflight.video.container
    if not name.lower().endswith(VIDEO_SUFFIXES):
        yield _issue("stops", messages.file_suffix(name), fix="remux")
    elif container not in _CONTAINERS:
        yield _issue("warns", messages.file_content(name, container), fix="remux")


def _rate(preflight: Preflight) -> Iterator[PreflightIssue]:
    infer_fps, video = preflight.request.infer_fps, preflight.video
    limits = ENGINE_RATES if preflight.is_on_engine else SERVICE_RATES
    video_fps = video.fps if video else None
    if is_too_slow(video_fps, limits):
        yield _issue("stops", (rate_refusal(limits.lowest, video_fps, limits), messages.USE_ENGINE))
    elif infer_fps is not None and (refusal := rate_refusal(infer_fps, video_fps, limits)):
        yield _issue("stops", (refusal, messages.OTHER_RATE))


def _models(preflight: Preflight) -> Iterator[PreflightIssue]:
    """Checked on the built-in engine only, and only if it responded: other services do not list all their models."""
    if not preflight.is_on_engine or not preflight.installed:
        return
    installed = {(info.model_id, info.model_version): info for info in preflight.installed}
    for model in preflight.request.models:
        info = installed.get((model.model_id, model.version))
        if info is not None and info.refusal:
            yield _issue("stops", (info.refusal, info.next_step))
        elif info is None and not preflight.inference_servers.find(model.model_id, model.version):
            yield _issue("stops", messages.model_not_installed(model))


def _expiry(preflight: Preflight) -> Iterator[PreflightIssue]:
    end = expires_at(preflight.request.video_url or "")
    if end is None:
        return
    if end <= preflight.now:
        yield _issue("stops", messages.link_expired(end))
    elif end - preflight.now < SHORT_LINK:
        yield _issue("warns", messages.link_expires_in((end - preflight.now).total_seconds()))


def _probed_url(preflight: Preflight) -> Iterator[PreflightIssue]:
    """The URL as seen from this machine. Another service may have more access, so fewer issues are certain for it."""
    report, is_on_engine = preflight.url_report, preflight.is_on_engine
    if report is None or report.content == "video":
        return
    if report.refusal:
        yield _issue(
            "stops" if is_on_engine else "warns",
            (report.refusal, report.next_step if is_on_engine else messages.seen_from_here(report.next_step)),
        )
    elif report.status not in (200, 206):
        is_certain = is_on_engine or report.status in _GONE
        yield _issue("stops" if is_certain else "warns", messages.url_status(report.status))
    elif report.content == "page":
        yield _issue("stops", messages.URL_IS_PAGE)
    else:
        yield _issue("warns", messages.URL_IS_NO_VIDEO)


def _disk(preflight: Preflight) -> Iterator[PreflightIssue]:
    """The built-in engine stores a copy of a video from the library on the same disk."""
    if preflight.free_bytes is None:
        return
    is_copied = preflight.video and preflight.is_on_engine and not preflight.request.video_url
    copied_bytes = preflight.video.size_bytes if preflight.video and is_copied else 0
    left_bytes = preflight.free_bytes - copied_bytes
    if left_bytes < DISK_RESERVE_BYTES:
        needed = messages.disk_full(preflight.free_bytes, copied_bytes + DISK_RESERVE_BYTES)
        yield _issue("stops" if copied_bytes else "warns", needed)
    elif left_bytes < LOW_DISK_BYTES:
        yield _issue("warns", messages.disk_low(preflight.free_bytes))
