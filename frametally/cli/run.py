"""`frametally run VIDEO --model ID/VERSION`: analyze one video.

The job is recorded in the ledger like one submitted from the dashboard.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import uvicorn
from msgspec import structs
from tqdm import tqdm

from frametally.analysis.placement import place_results
from frametally.cli.engine import make_app
from frametally.cli.environment import read_settings
from frametally.cli.exit_code import ExitCode
from frametally.cli.results_table import print_results
from frametally.clock import utc_now
from frametally.config.settings import Settings
from frametally.contract import ModelInfo
from frametally.deployment import Deployment, open_deployment
from frametally.errors import SettingsError, VideoError
from frametally.job import EMBEDDED, Job, JobStatus, ModelChoice, RunRequest
from frametally.jobs.model_reference import parse_model_reference
from frametally.jobs.preflight import Preflight, find_issues
from frametally.library.conversion import convert_to_mp4
from frametally.library.video_store import StoredVideo
from frametally.network.urls import parse_service_url, parse_video_url, video_name_of
from frametally.results import Results, copy_original, open_results
from frametally.video.frame_index import load_index
from frametally.video.remux import can_be_remuxed

_DEFAULT_FPS: Final = 5.0


def add_parser(commands: Any) -> None:
    """Register the command."""
    parser = commands.add_parser("run", help="analyze one video")
    parser.add_argument("video", metavar="VIDEO", help="a file, or a public http(s) URL")
    parser.add_argument("--model", action="append", required=True, metavar="ID/VERSION", help="may be repeated")
    parser.add_argument("--fps", type=float, help="frames per second to analyze (5, or the video's rate if lower)")
    parser.add_argument("--confidence", type=float, default=0.25, help="minimum confidence (0.25)")
    parser.add_argument(
        "--api-url", help="a Video Inference service (FRAMETALLY_API_URL if set, else the built-in engine)"
    )
    parser.add_argument(
        "--remux", action="store_true", help="convert the file to MP4 without re-encoding if the service needs MP4"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the results JSON to this file")
    parser.set_defaults(execute=lambda options: run_video(options, read_settings()))


def run_video(options: argparse.Namespace, settings: Settings) -> int:
    """Submit a job, wait until it ends and print the counts; returns the exit code.

    Raises:
        FrametallyError: the video, the model, a setting or the service cannot be used.
    """
    models = [_with_confidence(parse_model_reference(text), options.confidence) for text in options.model]
    if options.api_url:
        settings = replace(settings, api_url=parse_service_url(options.api_url))
    with _engine(settings) as embedded_url:
        deployment = open_deployment(settings, lambda: embedded_url)
        job = _submit(deployment, options, models)
        try:
            job = _wait(deployment, job)
        except KeyboardInterrupt:
            print("Interrupted. The job continues; the dashboard shows its status.", file=sys.stderr)
            return ExitCode.INTERRUPTED
    if job.status is not JobStatus.SUCCEEDED:
        print(job.failure, file=sys.stderr)
        return ExitCode.JOB_FAILED
    folder = settings.results_dir / job.id
    if options.out:
        with options.out.open("wb") as plain:
            copy_original(folder, plain)
    print_results(_results(deployment, job), options.confidence)
    return ExitCode.OK


def _with_confidence(model: ModelChoice, confidence: float) -> ModelChoice:
    """The model with this minimum confidence, which the service filters by.

    Raises:
        SettingsError: the confidence is not between 0 and 1.
    """
    if not 0 <= confidence <= 1:
        raise SettingsError(f"--confidence is {confidence}.", "Use a number from 0 to 1.")
    return ModelChoice(
        model_id=model.model_id,
        version=model.version,
        inference_type=model.inference_type,
        confidence=confidence,
    )


@contextmanager
def _engine(settings: Settings) -> Iterator[str]:
    """The URL of an engine started for this run on a free loopback port; empty if another service is configured."""
    if settings.api_url:
        yield ""
        return
    host = "127.0.0.1"
    server = uvicorn.Server(uvicorn.Config(make_app(settings, host=host), host=host, port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise SettingsError("The built-in engine did not start.", "Run frametally engine to see why.")
        time.sleep(0.05)
    try:
        yield f"http://{host}:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)


def _submit(deployment: Deployment, options: argparse.Namespace, models: list[ModelChoice]) -> Job:
    service, key_id = _connection(deployment)
    is_url = options.video.startswith(("http://", "https://"))
    video = None if is_url else _store(deployment, Path(options.video))
    url = parse_video_url(options.video).geturl() if is_url else None
    rate = options.fps or (min(_DEFAULT_FPS, video.info.fps) if video else _DEFAULT_FPS)
    installed = _installed(deployment) if service == EMBEDDED else []
    models = _typed(models, installed)
    request = RunRequest(
        service=service,
        key_id=key_id,
        video_name=video.file_name if video else video_name_of(url or ""),
        video_sha256=video.sha256 if video else None,
        video_url=url,
        models=tuple(models),
        infer_fps=rate,
    )
    preflight = Preflight(
        request=request,
        now=utc_now(),
        video=video.info if video else None,
        installed=installed,
        inference_servers=deployment.settings.inference_servers,
        free_bytes=shutil.disk_usage(deployment.settings.data_dir).free,
    )
    if video and options.remux and any(issue.fix == "remux" for issue in find_issues(preflight)):
        preflight = _remuxed(deployment, preflight, video)
    _check(preflight)
    return deployment.workflow.submit(preflight.request, actor=None)


def _remuxed(deployment: Deployment, preflight: Preflight, video: StoredVideo) -> Preflight:
    """The preflight of the same run with an MP4 version of the video.

    Raises:
        VideoError: MP4 cannot contain its codec.
    """
    converted = convert_to_mp4(deployment.library, video, actor=None)
    print(f"Converted to MP4 (no re-encoding): {converted.file_name}", file=sys.stderr)
    request = replace(preflight.request, video_name=converted.file_name, video_sha256=converted.sha256)
    return replace(preflight, request=request, video=converted.info)


def _check(preflight: Preflight) -> None:
    for issue in find_issues(preflight):
        next_step = _with_remux(preflight) if issue.fix == "remux" else issue.next_step
        if issue.stops:
            raise VideoError(issue.what, next_step)
        print(f"{issue.what} {next_step}", file=sys.stderr)


def _with_remux(preflight: Preflight) -> str:
    """What to do about a file that the service may not accept."""
    if preflight.video and not can_be_remuxed(preflight.video.codec):
        return "Its codec cannot be stored in MP4. Re-encode the video as MP4 (H.264)."
    return "Add --remux to convert it to MP4 (no re-encoding)."


def _installed(deployment: Deployment) -> list[ModelInfo]:
    client = deployment.clients.client(EMBEDDED, "")
    return client.list_models() if client else []


def _typed(models: list[ModelChoice], installed: list[ModelInfo]) -> list[ModelChoice]:
    """The models, each with the inference type that the built-in engine lists for it."""
    types = {(info.model_id, info.model_version): info.inference_type for info in installed if not info.refusal}
    return [
        structs.replace(model, inference_type=types.get((model.model_id, model.version), model.inference_type))
        for model in models
    ]


def _connection(deployment: Deployment) -> tuple[str, str]:
    if deployment.settings.api_url is None:
        return EMBEDDED, ""
    if deployment.settings.api_key is None:
        raise SettingsError(f"{deployment.settings.api_url} needs an API key.", "Set ROBOFLOW_API_KEY.")
    return deployment.settings.api_url, deployment.clients.remember(
        deployment.settings.api_url, deployment.settings.api_key
    )


def _store(deployment: Deployment, path: Path) -> StoredVideo:
    if not path.is_file():
        raise VideoError(f"File not found: {path.name}.", "Check the path.")
    return deployment.library.add(path, actor=None)


def _wait(deployment: Deployment, job: Job) -> Job:
    """Advance the job, as a running dashboard may do too, and show its progress until it has ended."""
    with tqdm(total=100, unit="%", bar_format="{l_bar}{bar}| {elapsed}", disable=None) as bar:
        while job.status.is_open:
            deployment.workflow.refresh(job.id, actor=None)
            job = deployment.ledger.job(job.id)
            bar.set_description(f"{job.video_name} {job.service_message or job.status_word}")
            bar.n = round((job.progress or 0) * 100)
            bar.refresh()
            time.sleep(0.2)
    return job


def _results(deployment: Deployment, job: Job) -> Results:
    """With the damage of the stored video; of a video that is not stored, what the service reports."""
    results = open_results(deployment.settings.results_dir / job.id)
    video = deployment.library.get(job.video_sha256 or "")
    if video is None:
        return results
    return place_results(results, load_index(video.path), deployment.library.damage_scanner.damage(video, at_once=True))
