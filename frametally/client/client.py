"""The Video Inference API over HTTP: six requests, and two of our extensions that list models and cancel a job."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import requests

from frametally.backoff import Backoff
from frametally.client.bodies import FileBody, decode, save
from frametally.client.messages import NotFound, long_field, missing_field
from frametally.client.request import Service, ServiceRequest
from frametally.client.transport import exchange
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
from frametally.errors import RateLimited, ServerError, ServiceUnreachable
from frametally.network.link_guard import LinkGuard
from frametally.network.outgoing.cutoff import Cutoff
from frametally.network.retry import call_with_retries, parse_retry_after
from frametally.network.urls import split_url
from frametally.storage.file_names import safe_file_name

T = TypeVar("T")

RETRIES: Final = 2
MAX_WAIT_S: Final = 10.0
"""An error with a longer `Retry-After` is not retried here but raised."""
MAX_FIELD_CHARS: Final = 8 << 10
"""Of a job id or a link."""
MAX_MODELS: Final = 1000
"""Models of a service that are listed."""
MAX_TRANSFER_S: Final = 24 * 3600.0
"""The longest upload or download."""
BACKOFF: Final = Backoff(first_s=0.4, max_s=1.6, factor=4)


@dataclass(frozen=True)
class StatusResponse:
    """The status of a job, and the seconds after which it may be requested again (None: `STATUS_FLOOR_S`)."""

    report: StatusReport
    retry_after_s: float | None


class VideoInferenceClient:
    """One service, used with one key. Safe to share between threads.

    Every method raises the most specific `ServiceError` of those listed in `errors`.
    """

    def __init__(
        self,
        api_url: str,
        api_key: str,
        *,
        connect_timeout_s: float = 10.0,
        read_timeout_s: float = 30.0,
        transfer_timeout_s: float = 120.0,
        call_limit_s: float = 40.0,
        max_results_bytes: int = 8 << 30,
        is_embedded: bool = False,
        must_be_public: bool = False,
        certificate_sha256: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`transfer_timeout_s` limits how long each `BLOCK_BYTES` of an upload or a download may take.

        `call_limit_s` limits each other request as a whole, however slowly its response arrives.

        See `Service` for `is_embedded` and `certificate_sha256`, `LinkGuard` for `must_be_public`.
        """
        self.api_url = api_url.rstrip("/")
        self._service = Service(
            link_guard=LinkGuard(split_url(self.api_url), must_be_public=must_be_public),
            api_key=api_key.strip(),
            is_embedded=is_embedded,
            certificate_sha256=certificate_sha256,
        )
        self._call_timeout_s = (connect_timeout_s, read_timeout_s)
        self._download_timeout_s = (connect_timeout_s, transfer_timeout_s)
        # urllib3 applies the connect timeout to sending the body, to each block separately.
        self._upload_timeout_s = (transfer_timeout_s, transfer_timeout_s)
        self._max_results_bytes = max_results_bytes
        self._call_limit_s = call_limit_s
        self._sleep = sleep

    def open_workspace(self, *, retry: bool = True) -> str:
        """Return the name of the key's workspace: a cheap request to test the key.

        `retry=False` fails on the first error, for pages that wait for the response.
        """
        request = self._request("Testing the API key", "POST", "/")
        workspace = self._with_retries(lambda: _exchange_json(request, Workspace), retry=retry).workspace
        return request.redact(workspace)

    def request_upload_url(self, file_name: str) -> str:
        """Return a signed URL for one PUT. Only a safe form of the base name is sent."""
        body = UploadUrlRequest(file_name=safe_file_name(file_name))
        request = self._request("Requesting the upload URL", "POST", UPLOAD_URL_PATH, body=body)
        url = self._with_retries(lambda: _exchange_json(request, UploadUrl)).url
        return _checked(request, url, "link")

    def upload(self, path: Path, signed_url: str, on_progress: Callable[[int, int], None] | None = None) -> None:
        """PUT the file in constant memory; `on_progress(sent_bytes, total_bytes)` may raise to cancel. Not retried.

        Only the bytes that the file has at the start are sent, even if it grows during the upload.

        Raises:
            OSError: the file cannot be opened.
            MediaError: the file cannot be read up to its size at the start.
        """
        with path.open("rb", buffering=0) as file:
            total_bytes = os.fstat(file.fileno()).st_size
            stall_s = self._upload_timeout_s[1]
            cutoff = Cutoff(stall_s, total_s=MAX_TRANSFER_S)

            def sent(sent_bytes: int, total_bytes: int) -> None:
                cutoff.allow(stall_s)
                if on_progress:
                    on_progress(sent_bytes, total_bytes)

            request = ServiceRequest(
                action="Uploading the video",
                method="PUT",
                url=signed_url,
                body=FileBody(file, total_bytes, sent) if total_bytes else None,
                headers={"Content-Type": "application/octet-stream"},
                timeout_s=self._upload_timeout_s,
                limit_s=stall_s,
                service=self._service,
            )
            exchange(request, _ignore, cutoff)

    def start_job(
        self, *, input_url: str, infer_fps: float, models: Sequence[ModelRequest], idempotency_key: str = ""
    ) -> str:
        """Start a job and return its id. Not retried: a second request could start a second job.

        `idempotency_key`: a service with our extension of the contract starts only one job for each.
        """
        rate = int(infer_fps) if float(infer_fps).is_integer() else infer_fps
        body = InferenceRequest(input_url=input_url, infer_fps=rate, models=list(models))
        headers = {IDEMPOTENCY_KEY: idempotency_key} if idempotency_key else {}
        request = self._request("Starting the job", "POST", VIDEO_INFER_PATH, body=body, headers=headers)
        job_id = _exchange_json(request, JobAccepted).job_id
        return _checked(request, job_id, "job id")

    def get_status(self, job_id: str) -> StatusResponse:
        """Request the status once. Not retried: the minimum interval of a job applies to failed requests, too."""
        request = self._request("Checking the job status", "GET", VIDEO_INFER_PATH, query={"job_id": job_id})

        def read(response: requests.Response, cutoff: Cutoff) -> StatusResponse:
            report = _redacted(request, decode(request, response, StatusReport, cutoff))
            if report.output_signed_url:
                _checked(request, report.output_signed_url, "link")
            return StatusResponse(report, parse_retry_after(response.headers.get("Retry-After")))

        return exchange(request, read)

    def cancel(self, job_id: str) -> None:
        """Cancel a job, if the service has our extension of the contract. Idempotent.

        Raises:
            NotFound: the service has no such method, or no such job.
            BadRequest: the job has already ended.
        """
        request = self._request("Canceling the job", "DELETE", VIDEO_INFER_PATH, query={"job_id": job_id})
        self._with_retries(lambda: exchange(request, _ignore))

    def download_results(
        self,
        output_url: str,
        destination: Path,
        on_progress: Callable[[int, int | None], None] | None = None,
    ) -> None:
        """Stream the results into `destination`, which appears only when they are complete.

        `on_progress(received_bytes, total_bytes)` counts bytes on the wire; the total is None if it is not known.

        Raises:
            OSError: they cannot be saved.
        """
        request = ServiceRequest(
            action="Downloading the results",
            method="GET",
            url=output_url,
            timeout_s=self._download_timeout_s,
            limit_s=self._download_timeout_s[1],
            service=self._service,
        )

        def read(response: requests.Response, cutoff: Cutoff) -> None:
            save(request, response, destination, self._max_results_bytes, cutoff, on_progress)

        self._with_retries(lambda: exchange(request, read, Cutoff(request.limit_s, total_s=MAX_TRANSFER_S)))

    def list_models(self, *, retry: bool = True) -> list[ModelInfo]:
        """List the models that the service can run; empty if the service lacks this extension of the contract.

        `retry=False` fails on the first error, for pages that wait for the response.
        """
        request = self._request("Listing the models", "GET", MODELS_PATH)
        try:
            models = self._with_retries(lambda: _exchange_json(request, ModelList), retry=retry).models
            return models[:MAX_MODELS]
        except NotFound:
            return []

    def _request(
        self,
        action: str,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: msgspec.Struct | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> ServiceRequest:
        return ServiceRequest(
            action=action,
            method=method,
            url=self.api_url + path,
            query={"api_key": self._service.api_key, **(query or {})},
            body=msgspec.json.encode(body) if body else None,
            headers={**({"Content-Type": "application/json"} if body else {}), **(headers or {})},
            timeout_s=self._call_timeout_s,
            limit_s=self._call_limit_s,
            service=self._service,
        )

    def _with_retries(self, attempt: Callable[[], T], *, retry: bool = True) -> T:
        """For requests that are safe to repeat."""
        return call_with_retries(
            attempt,
            on=(ServiceUnreachable, ServerError, RateLimited),
            retries=RETRIES if retry else 0,
            backoff=BACKOFF,
            max_wait_s=MAX_WAIT_S,
            sleep=self._sleep,
        )


def _exchange_json(request: ServiceRequest, kind: type[T]) -> T:
    return exchange(request, lambda response, cutoff: decode(request, response, kind, cutoff))


def _checked(request: ServiceRequest, value: str, name: str) -> str:
    """The value, which must be there and not too long to be stored."""
    if not value:
        raise missing_field(request, name)
    if len(value) > MAX_FIELD_CHARS:
        raise long_field(request, name)
    return value


def _ignore(response: requests.Response, cutoff: Cutoff) -> None:
    """Read nothing: the status is enough."""


def _redacted(request: ServiceRequest, report: StatusReport) -> StatusReport:
    """The report without secrets, for the ledger: a service may quote the key, or the link that it could not read."""
    status = request.redact(report.status) if isinstance(report.status, str) else report.status
    return msgspec.structs.replace(report, status=status, error=None, message=request.redact(report.reason))
