"""The Video Inference API over HTTP: six calls, and our own two, which list the models and call a job off."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import requests

from frametally.client.request import CHECK_SERVICE, Call, NotFound, parse_retry_after, split_url
from frametally.client.transport import FileBody, decode, exchange, save
from frametally.contract import (
    IDEMPOTENCY_KEY,
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
from frametally.errors import InvalidResponse, RateLimited, ServerError, ServiceUnreachable
from frametally.network.link_guard import LinkGuard
from frametally.storage.file_names import safe_file_name

Answer = TypeVar("Answer")

PATIENCE_S: Final = 10.0
"""A longer `Retry-After` is not waited for here: the caller hears of it."""
BACKOFF_S: Final = (0.5, 2.0)
"""Waits before the second and the third attempt, each shortened by up to half at random."""


@dataclass(frozen=True)
class StatusResponse:
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
        is_embedded: bool = False,
        certificate_sha256: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`transfer_timeout_s` bounds how long an upload or a download may stand still, not how long it takes.

        The embedded engine is called past every proxy; see `LinkGuard` for `certificate_sha256`.
        """
        self.api_url = api_url.rstrip("/")
        self._api_key = api_key.strip()
        self._call_timeout_s = (connect_timeout_s, read_timeout_s)
        self._download_timeout_s = (connect_timeout_s, transfer_timeout_s)
        # urllib3 sends the body under the connect timeout, a whole block within it.
        self._upload_timeout_s = (transfer_timeout_s, transfer_timeout_s)
        self._max_results_bytes = max_results_bytes
        self._sleep = sleep
        self._link_guard = LinkGuard(
            split_url(self.api_url), is_embedded=is_embedded, certificate_sha256=certificate_sha256
        )

    def open_workspace(self, *, retry: bool = True) -> str:
        """Return the workspace of the key: a cheap call to test the key.

        `retry=False` fails on the first error, for pages that wait for the answer.
        """
        call = self._call("Testing the API key", "POST", "/")
        return self._patiently(lambda: self._ask(call, Workspace), retry=retry).workspace

    def request_upload_url(self, file_name: str) -> str:
        """A signed URL for one PUT. Only a safe form of the base name leaves this machine."""
        body = UploadUrlRequest(file_name=safe_file_name(file_name))
        call = self._call("Asking for the upload link", "POST", UPLOAD_URL_PATH, body=body)
        url = self._patiently(lambda: self._ask(call, UploadUrl)).url
        if not url:
            raise InvalidResponse(f"{call.doing} failed: the answer holds no link.", CHECK_SERVICE)
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
            call = Call(
                doing="Uploading the video",
                method="PUT",
                url=signed_url,
                body=FileBody(file, total_bytes, on_progress) if total_bytes else None,
                headers={"Content-Type": "application/octet-stream"},
                timeout_s=self._upload_timeout_s,
                link_guard=self._link_guard,
                secret=self._api_key,
            )
            exchange(call, lambda _: None)

    def start_job(
        self, *, input_url: str, infer_fps: float, models: Sequence[ModelRequest], idempotency_key: str = ""
    ) -> str:
        """Start one job and return its id. Never repeated here: a second call would start a second job.

        With the same `idempotency_key` it would not, where the service has our extension of the contract.
        """
        rate = int(infer_fps) if float(infer_fps).is_integer() else infer_fps
        body = InferenceRequest(input_url=input_url, infer_fps=rate, models=list(models))
        headers = {IDEMPOTENCY_KEY: idempotency_key} if idempotency_key else {}
        call = self._call("Starting the job", "POST", VIDEO_INFER_PATH, body=body, headers=headers)
        job_id = self._ask(call, JobAccepted).job_id
        if not job_id:
            raise InvalidResponse(f"{call.doing} failed: the answer holds no job id.", CHECK_SERVICE)
        return job_id

    def get_status(self, job_id: str) -> StatusResponse:
        """Ask once. Never repeated here: the floor between two calls for a job holds for failed ones, too."""
        call = self._call("Asking for the job's status", "GET", VIDEO_INFER_PATH, query={"job_id": job_id})

        def read(response: requests.Response) -> StatusResponse:
            report = _quotable(call, decode(call, response, StatusReport))
            return StatusResponse(report, parse_retry_after(response.headers.get("Retry-After")))

        return exchange(call, read)

    def cancel(self, job_id: str) -> None:
        """Call a job off, where the service has our extension of the contract; twice is as good as once.

        Raises:
            NotThere: the service has no such call, or no such job.
            RequestRefused: the job has ended before.
        """
        call = self._call("Cancelling the job", "DELETE", VIDEO_INFER_PATH, query={"job_id": job_id})
        self._patiently(lambda: exchange(call, lambda _: None))

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
        call = Call(
            doing="Downloading the results",
            method="GET",
            url=output_url,
            timeout_s=self._download_timeout_s,
            link_guard=self._link_guard,
            secret=self._api_key,
        )
        limit_bytes = self._max_results_bytes
        self._patiently(lambda: exchange(call, lambda got: save(call, got, destination, limit_bytes, on_progress)))

    def list_models(self, *, retry: bool = True) -> list[ModelInfo]:
        """List the models that the service can run; empty if the service lacks this extension of the contract.

        `retry=False` fails on the first error, for pages that wait for the answer.
        """
        call = self._call("Asking for the models", "GET", MODELS_PATH)
        try:
            return self._patiently(lambda: self._ask(call, ModelList), retry=retry).models
        except NotFound:
            return []

    def _call(
        self,
        doing: str,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: msgspec.Struct | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Call:
        return Call(
            doing=doing,
            method=method,
            url=self.api_url + path,
            query={"api_key": self._api_key, **(query or {})},
            body=msgspec.json.encode(body) if body else None,
            headers={**({"Content-Type": "application/json"} if body else {}), **(headers or {})},
            timeout_s=self._call_timeout_s,
            link_guard=self._link_guard,
            secret=self._api_key,
        )

    def _ask(self, call: Call, kind: type[Answer]) -> Answer:
        return exchange(call, lambda response: decode(call, response, kind))

    def _patiently(self, attempt: Callable[[], Answer], *, retry: bool = True) -> Answer:
        """For calls whose repetition is harmless: two more attempts after a passing fault."""
        for backoff_s in BACKOFF_S if retry else ():
            wait_s = backoff_s * random.uniform(0.5, 1.0)  # noqa: S311
            try:
                return attempt()
            except (ServiceUnreachable, ServerError, RateLimited) as error:
                wait_s = max(wait_s, error.retry_after_s or 0.0)
                if wait_s > PATIENCE_S:
                    raise
            self._sleep(wait_s)
        return attempt()


def _quotable(call: Call, report: StatusReport) -> StatusReport:
    """The report in words that the ledger may keep: a service quotes the link that it could not read, or the key."""
    status = call.safe(report.status) if isinstance(report.status, str) else report.status
    return msgspec.structs.replace(report, status=status, error=None, message=call.safe(report.reason))
