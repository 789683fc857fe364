"""What would make a job fail, said before it is scheduled: pure functions over facts that somebody else gathered.

A warning never blocks. Only what is certain to fail does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from urllib.parse import parse_qs

from frametally.config.inference_servers import NO_SERVERS, InferenceServers
from frametally.contract import VIDEO_SUFFIXES, ModelInfo, rate_refusal
from frametally.job import EMBEDDED, ModelChoice
from frametally.network.url_probe import UrlReport
from frametally.network.urls import split_url
from frametally.storage.file_names import KEPT_SUFFIXES
from frametally.storage.space import DISK_RESERVE_BYTES, LOW_DISK_BYTES, format_size
from frametally.video.probe import VideoInfo

SHORT_LINK: Final = timedelta(hours=6)
"""A link that lives less long may end before the job has its turn."""
_FIRST_MOMENT_S: Final = 1_000_000_000
"""September 2001; a smaller number is no moment at which a link of today ends."""
_TO_BE_PUT_INTO_MP4: Final = tuple(suffix for suffix in KEPT_SUFFIXES if suffix not in VIDEO_SUFFIXES)
_CONTAINERS: Final = ("mov", "avi", "matroska")
"""What the probe calls MP4, AVI, and MKV or WebM."""
_GONE: Final = (404, 410)


@dataclass(frozen=True, kw_only=True)
class PreflightIssue:
    """One thing that stands in the way of a job, or may."""

    severity: Literal["stops", "warns"]
    what: str
    next_step: str
    fix: Literal["remux"] | None = None
    """What can be done about it here and now."""

    @property
    def stops(self) -> bool:
        return self.severity == "stops"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that is known of a job before it is one; None is what nobody has found out."""

    now: datetime
    service: str
    file_name: str = ""
    video: VideoInfo | None = None
    url: str | None = field(default=None, repr=False)
    url_report: UrlReport | None = None
    infer_fps: float | None = None
    models: Sequence[ModelChoice] = ()
    installed: Sequence[ModelInfo] = ()
    """What the service lists; empty where it lists nothing."""
    model_servers: InferenceServers = NO_SERVERS
    free_bytes: int | None = None


def find_issues(facts: Facts) -> list[PreflightIssue]:
    """Everything that is known to stand in the way, what is certain first."""
    if facts.url and not split_url(facts.url).scheme:
        next_step = "Give it as https://host/video.mp4."
        return [PreflightIssue(severity="stops", what="The address of the video cannot be read.", next_step=next_step)]
    found = [*_container(facts), *_rate(facts), *_models(facts), *_link(facts), *_address(facts), *_disk(facts)]
    return sorted(found, key=lambda finding: not finding.stops)


def expires_at(url: str) -> datetime | None:
    """When a signed link ends: of S3, Google Cloud Storage, Azure or CloudFront; None where it does not say.

    `Expires` is a moment beside a signature only: elsewhere it may be a number of seconds, or anything.
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
        return datetime.fromtimestamp(end_s, UTC) if end_s >= _FIRST_MOMENT_S else None
    except (ValueError, OverflowError, OSError):
        return None


def _container(facts: Facts) -> Iterator[PreflightIssue]:
    """By name where the service sees the name (contract: files), by content where it is what it says it is not."""
    accepted = ", ".join(suffix[1:].upper() for suffix in VIDEO_SUFFIXES)
    if facts.url:
        last = split_url(facts.url).path.rpartition("/")[2]
        if last.lower().endswith(_TO_BE_PUT_INTO_MP4) and facts.service != EMBEDDED:
            yield PreflightIssue(
                severity="warns",
                what=f"Services take {accepted}, and this address ends in {last.rpartition('.')[2].upper()}.",
                next_step="Bring the file itself if it is refused: its pictures are put into an MP4 file here.",
            )
        return
    if facts.video is None:
        return
    if not facts.file_name.lower().endswith(VIDEO_SUFFIXES):
        yield PreflightIssue(
            severity="stops",
            what=f"The service takes {accepted}; {facts.file_name} is none of them.",
            next_step="Put its pictures into an MP4 file, as they are: nothing is encoded again.",
            fix="remux",
        )
    elif facts.video.container not in _CONTAINERS:
        said = facts.file_name.rpartition(".")[2].upper()
        yield PreflightIssue(
            severity="warns",
            what=f"{facts.file_name} is called {said} and is {facts.video.container} inside.",
            next_step="A service may refuse that. Its pictures can be put into an MP4 file as they are.",
            fix="remux",
        )


def _rate(facts: Facts) -> Iterator[PreflightIssue]:
    if facts.infer_fps is None:
        return
    if why := rate_refusal(facts.infer_fps, facts.video.fps if facts.video else None):
        yield PreflightIssue(severity="stops", what=why, next_step="Choose another frame rate.")


def _models(facts: Facts) -> Iterator[PreflightIssue]:
    """Only the built-in engine tells all that it has, and only while it answers."""
    if facts.service != EMBEDDED or not facts.installed:
        return
    here = {(info.model_id, info.model_version) for info in facts.installed}
    for model in facts.models:
        if (model.model_id, model.version) not in here and not facts.model_servers.find(model.model_id, model.version):
            yield PreflightIssue(
                severity="stops",
                what=f"The built-in engine has no model {model.label}.",
                next_step=f"Put its file at <models folder>/{model.label}/model.onnx, or choose another service.",
            )


def _link(facts: Facts) -> Iterator[PreflightIssue]:
    end = expires_at(facts.url or "")
    if end is None:
        return
    if end <= facts.now:
        yield PreflightIssue(
            severity="stops",
            what=f"The link to the video expired at {end:%Y-%m-%d %H:%M} UTC.",
            next_step="Make a new one where the video is kept.",
        )
    elif end - facts.now < SHORT_LINK:
        minutes = int((end - facts.now).total_seconds() // 60)
        yield PreflightIssue(
            severity="warns",
            what=f"The link to the video expires in {minutes // 60} h {minutes % 60} min.",
            next_step="A job that waits longer for its turn fails. Make a link that lives longer, or bring the file.",
        )


def _address(facts: Facts) -> Iterator[PreflightIssue]:
    """What this machine saw there; another service may see more, so only some of it is certain for it."""
    report = facts.url_report
    if report is None or report.content == "video":
        return
    is_engine = facts.service == EMBEDDED
    if report.refusal:
        yield PreflightIssue(
            severity="stops" if is_engine else "warns",
            what=report.refusal,
            next_step=report.next_step if is_engine else f"From this machine, at least. {report.next_step}",
        )
    elif report.status not in (200, 206):
        certain = is_engine or report.status in _GONE
        yield PreflightIssue(
            severity="stops" if certain else "warns",
            what=f"The address answers {report.status}, not with a video.",
            next_step="Check that it opens without a login, in a private window of a browser.",
        )
    elif report.content == "page":
        yield PreflightIssue(
            severity="stops",
            what="There is a web page at this address, not a video.",
            next_step="Give the address of the video file itself.",
        )
    else:
        yield PreflightIssue(
            severity="warns",
            what="What is at this address does not begin like a video.",
            next_step="Check that it plays in a browser.",
        )


def _disk(facts: Facts) -> Iterator[PreflightIssue]:
    """The built-in engine takes a copy of a kept video, on the same disk."""
    if facts.free_bytes is None:
        return
    copied = facts.video.size_bytes if facts.video and facts.service == EMBEDDED and not facts.url else 0
    if facts.free_bytes - copied < DISK_RESERVE_BYTES:
        yield PreflightIssue(
            severity="stops" if copied else "warns",
            what=f"The disk here is nearly full: {format_size(facts.free_bytes)} are left.",
            next_step=f"Free some space: {format_size(copied + DISK_RESERVE_BYTES)} are needed.",
        )
    elif facts.free_bytes - copied < LOW_DISK_BYTES:
        yield PreflightIssue(
            severity="warns",
            what=f"The disk here is nearly full: {format_size(facts.free_bytes)} are left.",
            next_step="Free some space, so that the results can be kept.",
        )
