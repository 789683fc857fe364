"""The Video Inference API over HTTP, served from the spool."""

from __future__ import annotations

import logging
import time
import uuid
from functools import wraps
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct, structs
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response, StreamingResponse

from frametally.config.inference_servers import InferenceServers
from frametally.contract import (
    CANCELLED,
    ENGINE_RATES,
    IDEMPOTENCY_KEY,
    MODELS_PATH,
    OWN_REQUEST,
    STATUS_DONE,
    STATUS_FAILED,
    UPLOAD_URL_PATH,
    VIDEO_INFER_PATH,
    Cancellation,
    ErrorBody,
    InferenceRequest,
    JobAccepted,
    ModelList,
    ModelRequest,
    RunProgress,
    StatusReport,
    UploadUrl,
    UploadUrlRequest,
    Workspace,
    rate_refusal,
)
from frametally.engine.detectors import check_request, list_models, list_refused
from frametally.engine.links import RESULTS_PATH, UPLOAD_PATH, Links, Purpose
from frametally.engine.openapi import DESCRIPTION_PATH, get_description
from frametally.engine.shared.shared_spool import JobElsewhere, SharedSpool
from frametally.engine.spool import JobRequest, Spool, SpooledJob
from frametally.errors import LinkExpired, MediaError, ModelError
from frametally.network.routes import (
    Check,
    GuardedRoute,
    Handler,
    HttpError,
    app_url_of,
    read_message,
    with_optional_slash,
)
from frametally.network.urls import parse_video_url
from frametally.storage.atomic import PendingFile
from frametally.storage.objects import StoreUnavailable
from frametally.storage.space import DiskFull, format_size, is_disk_full

BATCH_BYTES: Final = 4 << 20
MAX_JSON_BYTES: Final = 1 << 20
WORKSPACE: Final = "embedded"
_CHECK_AGAIN: Final = {"Retry-After": "1"}
"""Our extension: allows one status request per second instead of per minute, as it costs this engine little."""
_LOG = logging.getLogger("frametally.engine")


class Api:
    """Handles every request of the contract."""

    def __init__(
        self,
        *,
        spool: Spool,
        own_spool: Spool | None = None,
        links: Links,
        models_dir: Path,
        inference_servers: InferenceServers,
        check: Check,
        max_video_bytes: int,
    ) -> None:
        self._spool, self._own_spool = spool, own_spool or spool
        self._links = links
        self._models_dir = models_dir
        self._inference_servers = inference_servers
        self._check = check
        self._upload_link = Check("signed upload link", self._open_upload_link)
        self._results_link = Check("signed results link", self._open_results_link)
        self._max_video_bytes = max_video_bytes
        self._known_ended: set[str] = set()

    def routes(self) -> list[GuardedRoute]:
        """All routes, each with and without a trailing slash; `GET /` is left to the host."""
        upload, results = UPLOAD_PATH + "{token}", RESULTS_PATH + "{token}"
        return with_optional_slash(
            [
                self._route("POST", "/", self.get_workspace, "Validate the key and return its workspace"),
                self._route("POST", UPLOAD_URL_PATH, self.create_upload_url, "Create a signed upload link"),
                self._route("POST", VIDEO_INFER_PATH, self.create_job, "Start a job"),
                self._route("GET", VIDEO_INFER_PATH, self.get_job_status, "Get the status of a job"),
                self._route("DELETE", VIDEO_INFER_PATH, self.cancel_job, "Cancel a job"),
                self._route("GET", MODELS_PATH, self.list_models, "List the installed models"),
                self._route("GET", DESCRIPTION_PATH, get_description, "Get the OpenAPI description"),
                self._route("PUT", upload, self.receive_upload, "Upload a video", self._upload_link),
                self._route("GET", results, self.get_results, "Download the results of a job", self._results_link),
            ]
        )

    def _route(
        self, method: str, path: str, handler: Handler, purpose: str, check: Check | None = None
    ) -> GuardedRoute:
        return GuardedRoute(
            path=path,
            methods=(method,),
            handler=handler,
            purpose=purpose,
            check=check or self._check,
            middleware=_answered,
        )

    async def get_workspace(self, _: Request) -> Response:
        return _json(Workspace(WORKSPACE))

    async def create_upload_url(self, request: Request) -> Response:
        await read_message(request, UploadUrlRequest, MAX_JSON_BYTES)
        return _json(UploadUrl(self._links.make("upload", str(uuid.uuid4()), app_url=app_url_of(request))))

    async def receive_upload(self, request: Request) -> Response:
        if int(request.headers.get("content-length", "0")) > self._max_video_bytes:
            raise self._too_large()
        pending = await run_in_threadpool(self._spool_for(request).receive, request.state.upload_id)
        try:
            await self._write_body(request, pending)
            await run_in_threadpool(pending.commit)
        finally:
            pending.discard()
        return Response()

    async def create_job(self, request: Request) -> Response:
        requested = await read_message(request, InferenceRequest, MAX_JSON_BYTES)
        _check_rate(requested.infer_fps)
        await run_in_threadpool(self._check_models, requested.models)
        upload_id = self._upload_of(requested.input_url)
        url = requested.input_url if upload_id is None else None
        job_request = JobRequest(models=requested.models, infer_fps=requested.infer_fps, url=url)
        try:
            accept, key = self._spool_for(request).accept, request.headers.get(IDEMPOTENCY_KEY, "")
            job = await run_in_threadpool(accept, job_request, upload_id=upload_id, key=key)
        except StoreUnavailable:
            raise
        except MediaError as error:
            raise HttpError.of(400, error) from error
        request.state.job_id = job.id
        return _json(JobAccepted(job.id, "The job is queued."))

    async def get_job_status(self, request: Request) -> Response:
        job = await self._requested_job(request)
        if job.is_available:
            link = self._links.make("results", job.id, app_url=app_url_of(request))
            return _json(StatusReport(STATUS_DONE, output_signed_url=link), _CHECK_AGAIN)
        if failure := job.failure:
            return _json(StatusReport(STATUS_FAILED, error=failure.reason), _CHECK_AGAIN)
        if progress := job.progress:
            run_progress = structs.replace(progress.run_progress_at(time.monotonic()), cancellable=True)
            return _json(StatusReport.pending(progress.fraction, run_progress), _CHECK_AGAIN)
        before = await run_in_threadpool(self._spool.jobs_before, job.id, known_ended=self._known_ended)
        return _json(StatusReport.pending(0.0, RunProgress(jobs_before=before, cancellable=True)), _CHECK_AGAIN)

    async def cancel_job(self, request: Request) -> Response:
        """Our extension: cancel a job. Idempotent."""
        job = await self._requested_job(request)
        if await run_in_threadpool(job.cancel):
            return _json(Cancellation(job.id, CANCELLED))
        if job.is_cancelled:
            return _json(Cancellation(job.id, "The job is already canceled."))
        raise HttpError(409, f"The job has already ended ({job.state}).", "Request its status to see the outcome.")

    async def get_results(self, request: Request) -> Response:
        job = await self._find(request.state.results_job_id)
        if job is None or not job.is_available:
            raise HttpError(404, "These results no longer exist.", "Run the job again.")
        request.state.job_id = job.id
        if isinstance(job, JobElsewhere):
            headers = {"Content-Length": str(job.results_bytes)}
            return StreamingResponse(job.blocks(), headers=headers, media_type="application/json")
        return FileResponse(job.results, media_type="application/json")

    async def list_models(self, _: Request) -> Response:
        usable = await run_in_threadpool(list_models, self._models_dir, self._inference_servers)
        return _json(ModelList([*usable, *await run_in_threadpool(list_refused, self._models_dir)]))

    def _spool_for(self, request: Request) -> Spool:
        """That of uploads and jobs; those of this dashboard are for no other engine."""
        return self._own_spool if OWN_REQUEST in request.headers else self._spool

    async def _find(self, job_id: str) -> SpooledJob | JobElsewhere | None:
        job = self._spool.find(job_id)
        if job is None and isinstance(self._spool, SharedSpool):
            return await run_in_threadpool(self._spool.find_elsewhere, job_id)
        return job

    async def _requested_job(self, request: Request) -> SpooledJob | JobElsewhere:
        job = await self._find(request.query_params.get("job_id", ""))
        if job is None:
            raise HttpError(404, "There is no job with this job_id.")
        request.state.job_id = job.id
        return job

    async def _open_upload_link(self, request: Request) -> None:
        request.state.upload_id = self._open_link("upload", request)

    async def _open_results_link(self, request: Request) -> None:
        request.state.results_job_id = self._open_link("results", request)

    def _open_link(self, purpose: Purpose, request: Request) -> str:
        try:
            return self._links.open(purpose, request.path_params["token"])
        except LinkExpired as error:
            raise HttpError.of(403, error) from error

    async def _write_body(self, request: Request, pending: PendingFile) -> None:
        """Stream the body to disk in blocks of `BATCH_BYTES`; a thread writes them, so the event loop is not blocked.

        Raises:
            HttpError: the body is larger than `max_video_bytes`.
            DiskFull: the disk would lose its reserve.
        """
        buffer = bytearray()
        received = 0
        async for chunk in request.stream():
            received += len(chunk)
            if received > self._max_video_bytes:
                raise self._too_large()
            buffer += chunk
            if len(buffer) >= BATCH_BYTES:
                await run_in_threadpool(pending.write, buffer)
                buffer = bytearray()
        await run_in_threadpool(pending.write, buffer)

    def _check_models(self, models: list[ModelRequest]) -> None:
        if not models:
            raise HttpError(400, "The job has no model.", "Add at least one to `models`.")
        names = [(model.model_id, model.version) for model in models]
        if len(set(names)) < len(names):
            raise HttpError(400, "A model is listed twice.", "List each version of a model once.")
        try:
            for model in models:
                check_request(self._models_dir, model, self._inference_servers)
        except ModelError as error:
            raise HttpError.of(400, error) from error

    def _upload_of(self, input_url: str) -> str | None:
        """The id of the upload that a job reads; None if the URL is a public one.

        Raises:
            HttpError: the URL is not valid, or is an upload link of another engine.
        """
        try:
            parse_video_url(input_url)
            return self._links.upload_id_in(input_url)
        except (MediaError, LinkExpired) as error:
            raise HttpError.of(400, error) from error

    def _too_large(self) -> HttpError:
        what = f"The video is larger than the {format_size(self._max_video_bytes)} allowed."
        return HttpError(413, what, "Use a shorter or smaller video.")


def _answered(handler: Handler) -> Handler:
    """Turn errors into responses, and log one line per request without query, token or key."""

    @wraps(handler)
    async def answered(request: Request) -> Response:
        started_s = time.perf_counter()
        status = 500
        try:
            response = await _errors_as_responses(handler, request)
            status = response.status_code
            return response
        finally:
            path = request.scope["path"]
            token = request.path_params.get("token")
            _LOG.info(
                "%s %s job_id=%s %s %.0f ms",
                request.method,
                path.replace(token, "…") if token else path,
                getattr(request.state, "job_id", "-"),
                status,
                (time.perf_counter() - started_s) * 1000,
            )

    return answered


async def _errors_as_responses(handler: Handler, request: Request) -> Response:
    try:
        return await handler(request)
    except HttpError as error:
        return _json(ErrorBody(error.what, error.next_step), status=error.status_code)
    except ClientDisconnect:
        return Response(status_code=499)  # the client has disconnected; the log shows it
    except StoreUnavailable as error:
        return _json(ErrorBody(error.what, error.next_step), _CHECK_AGAIN, status=503)
    except DiskFull as error:
        return _json(ErrorBody(error.what, error.next_step), status=507)
    except OSError as error:
        if not is_disk_full(error):
            raise
        return _json(ErrorBody("The engine's disk is full.", "Free some space, then try again."), status=507)


def _check_rate(infer_fps: float) -> None:
    if refusal := rate_refusal(infer_fps, limits=ENGINE_RATES):
        raise HttpError(400, refusal, "Change infer_fps.")


def _json(message: Struct, headers: dict[str, str] | None = None, *, status: int = 200) -> Response:
    return Response(msgspec.json.encode(message), status, headers, media_type="application/json")
