"""The Video Inference API over HTTP: six calls, and our own list of models.

A session for each call: the calls of one job lie minutes apart, so a kept connection would be a stale one, and
nothing is shared between threads. Proxies and CA bundles of the environment are honoured, `~/.netrc` is not.

The key travels in the query, so the text of every exception of requests and urllib3 may hold it: none of them is
kept as a cause or as a context, their meaning is put into words instead.
"""

from __future__ import annotations

import gzip
import io
import logging
import math
import os
import random
import re
import ssl
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import IncompleteRead
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar, cast
from urllib.parse import SplitResult, quote, quote_plus, urljoin, urlsplit

import msgspec
import requests
import urllib3.exceptions as below

from video_inference.contract import (
    MODELS_PATH,
    UPLOAD_URL_PATH,
    VIDEO_INFER_PATH,
    InferenceRequest,
    JobAccepted,
    ModelInfo,
    ModelList,
    ModelRequest,
    StatusReport,
    UploadUrl,
    UploadUrlRequest,
    Workspace,
)
from video_inference.errors import (
    AnswerUnreadable,
    KeyRefused,
    LinkExpired,
    MediaError,
    RequestRefused,
    ServiceBroken,
    ServiceBusy,
    ServiceError,
    ServiceUnreachable,
)

Answer = TypeVar("Answer")

BLOCK_BYTES: Final = 1 << 18
"""Larger blocks are not faster, and a whole one must leave within the timeout, also on a slow line."""
MAX_JSON_BYTES: Final = 4 << 20
MAX_QUOTE_CHARS: Final = 300
MAX_REDIRECTS: Final = 3
MAX_RETRY_AFTER_S: Final = 3600.0
PATIENCE_S: Final = 10.0
"""A longer `Retry-After` is not waited for here: the caller hears of it."""
BACKOFF_S: Final = (0.5, 2.0)
"""Waits before the second and the third attempt, each shortened by up to half at random."""


@dataclass(frozen=True)
class StatusAnswer:
    """What the service says of a job, and when it may be asked again (None: not before the floor)."""

    report: StatusReport
    retry_after_s: float | None


class VideoInferenceClient:
    """One service, opened with one key. Safe to share between threads.

    Every call raises a `ServiceError`: of the kinds drawn in `errors`, the most specific one.
    """

    def __init__(
        self,
        api_url: str,
        api_key: str,
        *,
        connect_timeout_s: float = 10.0,
        read_timeout_s: float = 30.0,
        transfer_timeout_s: float = 120.0,
        max_results_bytes: int = 8 << 30,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`transfer_timeout_s` bounds how long an upload or a download may stand still, not how long it takes."""
        self.api_url = api_url.rstrip("/")
        self._api_key = api_key.strip()
        self._call_timeout_s = (connect_timeout_s, read_timeout_s)
        self._download_timeout_s = (connect_timeout_s, transfer_timeout_s)
        # urllib3 sends the body under the connect timeout, a whole block within it.
        self._upload_timeout_s = (transfer_timeout_s, transfer_timeout_s)
        self._max_results_bytes = max_results_bytes
        self._sleep = sleep

    def open_workspace(self) -> str:
        """The workspace that the key opens: the cheap call that tells whether it is good."""
        call = self._call("Testing the API key", "POST", "/")
        return self._patiently(lambda: self._ask(call, Workspace)).workspace

    def request_upload_url(self, file_name: str) -> str:
        """A signed URL for one PUT. Only a safe form of the base name leaves this machine."""
        body = UploadUrlRequest(file_name=safe_file_name(file_name))
        call = self._call("Asking for the upload link", "POST", UPLOAD_URL_PATH, body=body)
        url = self._patiently(lambda: self._ask(call, UploadUrl)).url
        if not url:
            raise AnswerUnreadable(f"{call.doing} failed: the answer holds no link.", _CHECK_SERVICE)
        return url

    def upload(self, path: Path, signed_url: str, on_progress: Callable[[int, int], None] | None = None) -> None:
        """PUT the file's bytes in constant memory; `on_progress(sent_bytes, total_bytes)` may raise to cancel.

        What is sent is the file as long as it was at the start, even if it grows meanwhile. Not repeated here.

        Raises:
            OSError: the file cannot be opened.
            MediaError: it cannot be read to the end that it had at the start.
        """
        with path.open("rb", buffering=0) as file:
            total_bytes = os.fstat(file.fileno()).st_size
            call = _Call(
                doing="Uploading the video",
                method="PUT",
                url=signed_url,
                body=_FileBody(file, total_bytes, on_progress or _ignore) if total_bytes else None,
                headers={"Content-Type": "application/octet-stream"},
                timeout_s=self._upload_timeout_s,
            )
            self._exchange(call, lambda _: None)

    def start_job(self, *, input_url: str, infer_fps: float, models: Sequence[ModelRequest]) -> str:
        """Start one job and return its id. Never repeated: a second call would start a second job."""
        rate = int(infer_fps) if float(infer_fps).is_integer() else infer_fps
        body = InferenceRequest(input_url=input_url, infer_fps=rate, models=list(models))
        call = self._call("Starting the job", "POST", VIDEO_INFER_PATH, body=body)
        job_id = self._ask(call, JobAccepted).job_id
        if not job_id:
            raise AnswerUnreadable(f"{call.doing} failed: the answer holds no job id.", _CHECK_SERVICE)
        return job_id

    def get_status(self, job_id: str) -> StatusAnswer:
        """Ask once. Never repeated here: the floor between two calls for a job holds for failed ones, too."""
        call = self._call("Asking for the job's status", "GET", VIDEO_INFER_PATH, query={"job_id": job_id})

        def read(response: requests.Response) -> StatusAnswer:
            report = self._decode(call, response, StatusReport)
            return StatusAnswer(report, _parse_retry_after(response.headers.get("Retry-After")))

        return self._exchange(call, read)

    def download_results(
        self,
        output_url: str,
        destination: Path,
        on_progress: Callable[[int, int | None], None] | None = None,
    ) -> None:
        """Stream the results into `destination`, which appears only once they are complete.

        `on_progress(received_bytes, total_bytes)` counts bytes on the wire; the total is None where nobody says it.

        Raises:
            OSError: they cannot be saved here.
        """
        call = _Call(doing="Downloading the results", method="GET", url=output_url, timeout_s=self._download_timeout_s)

        def save(response: requests.Response) -> None:
            with _appearing_when_complete(destination) as file:
                self._copy(call, response, file, self._max_results_bytes, on_progress or _ignore)

        self._patiently(lambda: self._exchange(call, save))

    def list_models(self) -> list[ModelInfo]:
        """The models that the service can run, where it has our extension of the contract; else none."""
        call = self._call("Asking for the models", "GET", MODELS_PATH)
        try:
            return self._patiently(lambda: self._ask(call, ModelList)).models
        except _NotThere:
            return []

    def _call(
        self,
        doing: str,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: msgspec.Struct | None = None,
    ) -> _Call:
        return _Call(
            doing=doing,
            method=method,
            url=self.api_url + path,
            query={"api_key": self._api_key, **(query or {})},
            body=msgspec.json.encode(body) if body else None,
            headers={"Content-Type": "application/json"} if body else {},
            timeout_s=self._call_timeout_s,
        )

    def _ask(self, call: _Call, kind: type[Answer]) -> Answer:
        return self._exchange(call, lambda response: self._decode(call, response, kind))

    def _patiently(self, attempt: Callable[[], Answer]) -> Answer:
        """For calls whose repetition is harmless: two more attempts after a passing fault."""
        for backoff_s in BACKOFF_S:
            wait_s = backoff_s * random.uniform(0.5, 1.0)  # noqa: S311
            try:
                return attempt()
            except (ServiceUnreachable, ServiceBroken):
                pass
            except ServiceBusy as busy:
                wait_s = max(wait_s, busy.retry_after_s or 0.0)
                if wait_s > PATIENCE_S:
                    raise
            self._sleep(wait_s)
        return attempt()

    def _exchange(self, call: _Call, read: Callable[[requests.Response], Answer]) -> Answer:
        """Send the call and read its answer: the one place where foreign errors become ours."""
        try:
            with _new_session() as session, self._send(session, call) as response:
                if response.status_code not in range(200, 300):
                    raise self._refusal(call, response)
                return read(response)
        except (requests.RequestException, below.HTTPError) as error:
            fault = _fault_in_words(error)
        # Raised out here, as an error raised in the handler would keep the foreign one, and the key, as its context.
        raise ServiceUnreachable(f"{call.doing} failed: {call.host} {fault}.", _CHECK_NETWORK)

    def _send(self, session: requests.Session, call: _Call) -> requests.Response:
        url = call.url
        for _ in range(MAX_REDIRECTS + 1):
            response = _send_once(session, call, url)
            if not response.is_redirect:
                return response
            response.close()
            url = self._redirected(call, url, response)
        raise RequestRefused(f"{call.doing} failed: {call.host} redirects again and again.", _CHECK_SERVICE)

    def _redirected(self, call: _Call, url: str, response: requests.Response) -> str:
        """Where to send the same call next: the key stays at its origin, a body is sent only once.

        A redirect of a call with the key changes the path only: its query is the call's own.
        """
        origin, target = _split(url), _split(response.headers["Location"], url)
        if call.is_link and call.method == "GET" and target.scheme in ("http", "https"):
            return target.geturl()
        if not call.is_link and response.status_code != HTTPStatus.SEE_OTHER and _is_same_service(origin, target):
            return target._replace(query="", fragment="").geturl()
        where = self._safe(target.hostname or "an address that cannot be read")
        raise RequestRefused(
            f"{call.doing} failed: {call.host} redirects to {where}, which is not followed.", _CHECK_SERVICE
        )

    def _refusal(self, call: _Call, response: requests.Response) -> ServiceError:
        """The most specific error for an answer that is not 2xx."""
        status = response.status_code
        head = _head(response)
        said = self._safe(_complaint(head))
        what = f"{call.doing} failed: {call.host} answered {_status_in_words(status)}{f': {said}' if said else ''}."
        if call.is_link and (status in _LINK_IS_OVER or (status == 400 and b"expired" in head.lower())):
            return LinkExpired(what, "The signed link is no longer good: ask for a new one and try again.")
        if status in (401, 403):
            return KeyRefused(what, "Check the API key, and that it belongs to this service.")
        if status == 429:
            wait_s = _parse_retry_after(response.headers.get("Retry-After"))
            when = "in a few minutes" if wait_s is None else f"in {math.ceil(wait_s)} s"
            return ServiceBusy(what, f"Try again {when}.", retry_after_s=wait_s)
        if status >= 500 or status == HTTPStatus.REQUEST_TIMEOUT:
            return ServiceBroken(what, "The fault is not in what was asked for: try again later.")
        if status in (404, 405):
            return _NotThere(what, "Check the service URL and what was asked for.")
        return RequestRefused(what, "Change what was asked for, then try again.")

    def _decode(self, call: _Call, response: requests.Response, kind: type[Answer]) -> Answer:
        body = io.BytesIO()
        self._copy(call, response, body, MAX_JSON_BYTES, _ignore)
        try:
            return msgspec.json.decode(body.getvalue(), type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            size_bytes = body.tell()
        raise self._unreadable(call, response, f"{size_bytes:,} bytes that are not what the API says")

    def _copy(
        self,
        call: _Call,
        response: requests.Response,
        file: BinaryIO,
        max_bytes: int,
        on_progress: Callable[[int, int | None], None],
    ) -> None:
        """Write the body to a file as it was before compression; an early end is an error in either layer."""
        raw = response.raw
        total_bytes = raw.length_remaining
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in ("identity", "gzip", "x-gzip"):
            raise self._unreadable(call, response, f"a compression that was not asked for ({encoding})")
        source = raw if encoding == "identity" else gzip.GzipFile(fileobj=raw)
        copied_bytes = 0
        try:
            while block := source.read(BLOCK_BYTES):
                copied_bytes += len(block)
                if copied_bytes > max_bytes:
                    raise self._unreadable(call, response, f"more than {max_bytes:,} bytes")
                file.write(block)
                on_progress(raw.tell(), total_bytes)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise self._unreadable(call, response, "a body whose compression is damaged") from None

    def _unreadable(self, call: _Call, response: requests.Response, what_came: str) -> AnswerUnreadable:
        content_type = response.headers.get("Content-Type", "no content type")
        what = f"{call.doing} failed: {call.host} answered {_status_in_words(response.status_code)}"
        return AnswerUnreadable(f"{what} with {self._safe(f'{what_came}, {content_type}')}.", _CHECK_SERVICE)

    def _safe(self, text: str) -> str:
        """A foreign text as a message may show it: on one line, short, without the key or the query of a link."""
        for key in {self._api_key, quote(self._api_key, safe=""), quote_plus(self._api_key)} - {""}:
            text = text.replace(key, "…")
        text = " ".join(_without_queries(text).split()).rstrip(".")
        return text if len(text) <= MAX_QUOTE_CHARS else f"{text[:MAX_QUOTE_CHARS]}…"


def safe_file_name(name: str) -> str:
    """The last part of a path of any system, of letters, digits and `._-` only; its ending survives shortening."""
    base = re.split(r"[/\\]", name)[-1]
    stem, _, suffix = base.rpartition(".") if "." in base else (base, "", "")
    safe_stem = re.sub(r"[^\w.-]+", "_", stem, flags=re.ASCII).strip("._-")[:100] or "video"
    safe_suffix = re.sub(r"\W", "", suffix, flags=re.ASCII)[:10]
    return f"{safe_stem}.{safe_suffix}" if safe_suffix else safe_stem


class _NotThere(RequestRefused):
    """404 or 405: the service does not have what was asked for."""


@dataclass(frozen=True, kw_only=True)
class _Call:
    """One exchange, and what it is for in words. A signed link carries its own authority, so it has no query."""

    doing: str
    method: str
    url: str = field(repr=False)
    query: Mapping[str, str] | None = field(default=None, repr=False)
    body: bytes | _FileBody | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout_s: tuple[float, float]

    @property
    def is_link(self) -> bool:
        return self.query is None

    @property
    def host(self) -> str:
        return _split(self.url).hostname or "the service"


class _FileBody:
    """The first `total_bytes` of a file, in blocks for the socket."""

    def __init__(self, file: io.FileIO, total_bytes: int, on_progress: Callable[[int, int], None]) -> None:
        self._file = file
        self._total_bytes = total_bytes
        self._on_progress = on_progress

    def __len__(self) -> int:
        """Read by requests: it becomes the Content-Length."""
        return self._total_bytes

    def __iter__(self) -> Iterator[bytes]:
        sent_bytes = 0
        while sent_bytes < self._total_bytes:
            block = self._read(min(BLOCK_BYTES, self._total_bytes - sent_bytes))
            yield block
            sent_bytes += len(block)
            self._on_progress(sent_bytes, self._total_bytes)

    def _read(self, size_bytes: int) -> bytes:
        try:
            block = self._file.read(size_bytes)
        except OSError as error:  # urllib3 would take it for a fault of the network
            raise _unreadable_video(error.strerror or "its disk failed") from error
        if not block:
            raise _unreadable_video("it became shorter while it was sent")
        return block


def _new_session() -> requests.Session:
    session = requests.Session()
    session.headers.update({"User-Agent": "frametally", "Accept-Encoding": "gzip"})
    session.auth = _no_login
    return session


def _send_once(session: requests.Session, call: _Call, url: str) -> requests.Response:
    """Through the adapter: the session would read the whole body of a redirect and prepare to follow it."""
    request = requests.Request(call.method, url, params=call.query, data=call.body, headers=call.headers)
    prepared = session.prepare_request(request)
    environment = session.merge_environment_settings(prepared.url, {}, True, True, None)
    return session.get_adapter(prepared.url or url).send(
        prepared,
        stream=True,
        timeout=call.timeout_s,
        verify=environment["verify"] or True,
        proxies=environment["proxies"],
    )


def _no_login(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """An auth that adds nothing: with one set, requests does not look into `~/.netrc`."""
    return request


def _unreadable_video(why: str) -> MediaError:
    return MediaError(f"The video cannot be read to its end: {why}.", "Upload it again and start a new job.")


def _ignore(*_: object) -> None:
    """The progress that nobody asked for."""


@contextmanager
def _appearing_when_complete(path: Path) -> Iterator[BinaryIO]:
    """A file that takes its name only when the block ends well; else nothing of it stays."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", suffix=".part", delete=False) as file:
        draft = Path(file.name)
        try:
            yield cast("BinaryIO", file)
            file.flush()
            os.fsync(file.fileno())
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise


def _split(url: str, base: str = "") -> SplitResult:
    """The parts of a URL, seen from a base; of one that cannot be read: none."""
    try:
        parts = urlsplit(urljoin(base, url))
        _ = parts.port
    except ValueError:
        return urlsplit("")
    return parts


def _is_same_service(origin: SplitResult, target: SplitResult) -> bool:
    """Same scheme, host and port; or the same host, now encrypted."""
    if origin.hostname != target.hostname:
        return False
    if (origin.scheme, target.scheme) == ("http", "https"):
        return True
    return origin.scheme == target.scheme and _port(origin) == _port(target)


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _head(response: requests.Response) -> bytes:
    """The beginning of a refusal's body; empty where it cannot be read, as the status says enough."""
    try:
        return bytes(response.raw.read(1 << 16, decode_content=True))
    except below.HTTPError:
        return b""


class _Complaint(msgspec.Struct, frozen=True):
    error: Any = None
    message: Any = None


def _complaint(body: bytes) -> str:
    """What the service says of its refusal in JSON: `error`, `message`, or a `message` within `error`."""
    try:
        answer = msgspec.json.decode(body, type=_Complaint)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    inner = answer.error.get("message") if isinstance(answer.error, dict) else answer.error
    said = (text.strip(" .") for text in (inner, answer.message) if isinstance(text, str))
    return ". ".join(dict.fromkeys(text for text in said if text))


def _status_in_words(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _parse_retry_after(header: str | None) -> float | None:
    """Seconds to wait, from seconds or an HTTP date; None where the header is absent or says nothing."""
    if header is None:
        return None
    try:
        wait_s = float(header)
    except ValueError:
        try:
            wait_s = parsedate_to_datetime(header).timestamp() - time.time()
        except ValueError:
            return None
    return None if math.isnan(wait_s) else min(max(wait_s, 0.0), MAX_RETRY_AFTER_S)


def _fault_in_words(error: Exception) -> str:
    """What happened below HTTP. The words are ours, as the texts of these exceptions hold the URL."""
    chain = list(_underlying(error))
    for kinds, words in _FAULTS:
        if any(isinstance(cause, kinds) for cause in chain):
            return words
    return "could not be reached"


def _underlying(error: BaseException) -> Iterator[BaseException]:
    """The exception and all that it wraps: requests and urllib3 do it by argument, by `reason` and by cause."""
    waiting, seen = [error], set[int]()
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        wrapped = (*current.args, getattr(current, "reason", None), current.__cause__, current.__context__)
        waiting.extend(item for item in wrapped if isinstance(item, BaseException))


_FAULTS: Final[tuple[tuple[tuple[type[Exception], ...], str], ...]] = (
    ((below.NameResolutionError,), "cannot be found: its name does not resolve"),
    ((ssl.SSLCertVerificationError,), "could not be trusted: its certificate is not accepted"),
    ((ssl.SSLError, below.SSLError), "could not be reached over an encrypted connection"),
    ((below.ProxyError,), "could not be reached through the proxy"),
    ((ConnectionRefusedError,), "accepts no connection on its port"),
    ((TimeoutError, below.TimeoutError), "did not answer in time"),
    ((IncompleteRead, below.InvalidChunkLength), "broke off in the middle of its answer"),
    ((ConnectionError, below.ProtocolError), "closed the connection"),
    ((ValueError, below.LocationValueError), "is not an address that can be called"),
)
_LINK_IS_OVER: Final = (401, 403, 410)
_CHECK_NETWORK: Final = "Check the network and the service URL, then try again."
_CHECK_SERVICE: Final = "Check that the service URL is the one of a Video Inference service."

_QUERY = re.compile(r"(/[^\s?\"']*\?|api_key=)[^\s\"'<>)]+")


def _without_queries(text: str) -> str:
    return _QUERY.sub(r"\1…", text)


class _HideQueries(logging.Filter):
    """urllib3 logs paths with their query, which holds the key or the signature of a link."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _without_queries(record.getMessage()), None
        return True


for _name in ("connection", "connectionpool", "poolmanager", "response", "util.retry"):
    logging.getLogger(f"urllib3.{_name}").addFilter(_HideQueries())
