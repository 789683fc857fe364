"""The Video Inference API over HTTP: six calls, and our own list of models.

A session for each call: the calls of one job lie minutes apart, so a kept connection would be a stale one, and
nothing is shared between threads. Proxies and CA bundles of the environment are honoured, `~/.netrc` is not.

The key travels in the query, so the text of every exception of requests and urllib3 may hold it: none of them is
kept as a cause or as a context, their meaning is put into words instead.
"""

from __future__ import annotations

import gzip
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
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar
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
    RequestRefused,
    ResultsError,
    ServiceBroken,
    ServiceBusy,
    ServiceError,
    ServiceUnreachable,
    VideoError,
)

Answer = TypeVar("Answer")
Body = bytes | Iterator[memoryview]

UPLOAD_BLOCK_BYTES: Final = 1 << 20
DOWNLOAD_BLOCK_BYTES: Final = 1 << 18
MAX_JSON_BYTES: Final = 4 << 20
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

    def upload(
        self, path: Path, signed_url: str, on_progress: Callable[[int, int], None] | None = None
    ) -> None:
        """PUT the file's bytes in constant memory; `on_progress(sent_bytes, total_bytes)` may raise to cancel.

        What is sent is the file as long as it was at the start, even if it grows meanwhile. Not repeated here.

        Raises:
            VideoError: the file cannot be read, or became shorter meanwhile.
        """
        try:
            file = path.open("rb", buffering=0)
        except OSError as error:
            raise _video_unreadable(error) from None
        with file:
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
            return StatusAnswer(report, parse_retry_after(response.headers.get("Retry-After")))

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
            ResultsError: they cannot be saved here, or are larger than `max_results_bytes`.
        """
        call = _Call(
            doing="Downloading the results", method="GET", url=output_url, timeout_s=self._download_timeout_s
        )

        def save(response: requests.Response) -> None:
            try:
                with _appearing_when_complete(destination) as file:
                    self._copy(call, response, file, on_progress or _ignore)
            except requests.RequestException:
                raise
            except OSError as error:
                raise ResultsError(f"The results cannot be saved: {error.strerror}.", "Make room and try again.") from None

        self._patiently(lambda: self._exchange(call, save))

    def list_models(self) -> list[ModelInfo]:
        """The models that the service can run, where it has our extension of the contract; else none."""
        call = self._call("Asking for the models", "GET", MODELS_PATH)
        try:
            return self._patiently(lambda: self._ask(call, ModelList)).models
        except _NotThere:
            return []
