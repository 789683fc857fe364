"""Run one job, from its video to its results file: one decode for all models, entries written as they are computed."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
import numpy as np
import numpy.typing as npt

from frametally.config.inference_servers import NO_SERVERS, InferenceServers
from frametally.contract import DAMAGED_FRAMES, ENGINE_RATES, ModelRequest, rate_refusal
from frametally.engine.detectors import open_model
from frametally.engine.picture import Picture
from frametally.engine.pipeline import Frame, infer_frames
from frametally.engine.progress import ProgressReporter
from frametally.engine.result_entries import Entry
from frametally.engine.spool import SpooledJob
from frametally.engine.watchdog import DECODING, OPENING, READING, WRITING, EnterPhase
from frametally.errors import VideoError
from frametally.video.damage import DamageReported, Flags, find_damage, reports_no_damage
from frametally.video.frame_index import FrameIndex, build_index, plan_frames, planned_times_s
from frametally.video.frame_reader import FrameReader

_MAX_THREADS: Final = 8
"""Maximum number of decoder threads: each holds some frames, and an 8K frame takes 50 MB."""
_FRAME_CACHE_BYTES: Final = 32 << 20
"""After a frame that cannot be decoded, the following one has already been decoded and is read from this cache."""


def run_job(
    job: SpooledJob,
    models_dir: Path,
    servers: InferenceServers = NO_SERVERS,
    *,
    enter_phase: EnterPhase = lambda _: None,
) -> None:
    """Analyze the job's video and write its results atomically; `enter_phase` is called before each phase.

    Raises:
        VideoError: the video cannot be read, or its frame rate is below the requested one.
        ModelError: one of the models cannot be run.
        JobCancelled: the job was canceled.
    """
    enter_phase(READING)
    index = build_index(job.video)
    check_rate(index, job.request.infer_fps)
    analysis = _Analysis(job, models_dir, servers, enter_phase, index, plan_frames(index, job.request.infer_fps))
    damaged = analysis.find_damage() if reports_no_damage(job.video) else None
    try:
        entry_files = analysis.run(damaged)
    except DamageReported:
        damaged = analysis.find_damage()
        entry_files = analysis.run(damaged)
    analysis.finish(entry_files, damaged)


@dataclass(frozen=True)
class _Analysis:
    """One job, and what is known about its video."""

    job: SpooledJob
    models_dir: Path
    servers: InferenceServers
    enter_phase: EnterPhase
    index: FrameIndex
    planned: npt.NDArray[np.int64]

    def find_damage(self) -> Flags:
        return find_damage(self.job.video, self.index, on_packet=lambda: self.enter_phase(DECODING))

    def run(self, damaged: Flags | None) -> list[Path]:
        """Analyze all planned frames that are not damaged; returns the entries of each model.

        Raises:
            DamageReported: `damaged` is None, and the decoder reports damage: some frames are damaged.
        """
        self.enter_phase(OPENING)
        detectors = [open_model(self.models_dir, model, self.servers) for model in self.job.request.models]
        work = self.job.new_work_folder()
        entry_files = [work / f"{number}.json" for number in range(len(detectors))]
        frames = planned_frames(self.job.video, self.index, self.planned, damaged)
        with ExitStack() as stack:
            outputs = [stack.enter_context(path.open("wb")) for path in entry_files]
            progress = ProgressReporter(self.job, len(self.planned))
            write_entries(infer_frames(frames, detectors, self.enter_phase), len(self.planned), outputs, progress)
        return entry_files

    def finish(self, entry_files: list[Path], damaged: Flags | None) -> None:
        self.enter_phase(WRITING)
        draft = entry_files[0].with_name("results.json")
        times_s = planned_times_s(self.index, self.planned).round(4)
        keys = result_keys(self.job.request.models)
        in_file = self.planned[self.planned < len(self.index)]
        damaged_frames = in_file[damaged[in_file]] if damaged is not None else in_file[:0]
        write_results(draft, self.planned, times_s, dict(zip(keys, entry_files, strict=True)), damaged_frames)
        self.job.finish(draft)


def check_rate(index: FrameIndex, infer_fps: float) -> None:
    """Check a requested rate against the frame rate of the video.

    Raises:
        VideoError: `infer_fps` is higher.
    """
    if refusal := rate_refusal(infer_fps, None if index.rate is None else float(index.rate), ENGINE_RATES):
        raise VideoError(refusal, "Choose a rate up to the video's frame rate.")


def planned_frames(
    path: Path, index: FrameIndex, planned: npt.NDArray[np.int64], damaged: Flags | None = None
) -> Iterator[Frame]:
    """The planned frames that are intact: (entry, picture), entries ascending.

    Other frames are decoded only if these reference them, and are never converted to pixels.

    Raises:
        DamageReported: `damaged` is None, and the decoder reports damage.
    """
    entry_of = {position: entry for entry, position in enumerate(planned.tolist())}
    in_file = planned[planned < len(index)]
    intact = in_file if damaged is None else in_file[~damaged[in_file]]
    threads = min(2 * len(os.sched_getaffinity(0)), _MAX_THREADS)
    with closing(FrameReader(path, index, cache_bytes=_FRAME_CACHE_BYTES, threads=threads)) as reader:
        read = 0
        for position, frame in reader.frames(intact.tolist()):
            read += 1
            if damaged is None and reader.has_reported_damage:
                raise DamageReported
            yield entry_of[position], Picture(frame)
        if damaged is None and (read < len(intact) or reader.has_reported_damage):
            raise DamageReported


def write_entries(
    frames: Iterator[tuple[int, list[Entry]]], total: int, outputs: Sequence[BinaryIO], progress: ProgressReporter
) -> None:
    """Write every model's entries, separated by commas; null for each frame that could not be decoded.

    Raises:
        VideoError: no frame could be decoded.
    """
    written = 0
    for entry, entries in frames:
        for value, output in zip(entries, outputs, strict=True):
            _write_nulls(output, written, entry)
            _write_entry(output, entry, value)
        written = entry + 1
        progress.report(written)
    if not written:
        raise VideoError("No frame of the video can be decoded.", "Convert it to MP4 (H.264) and try again.")
    for output in outputs:
        _write_nulls(output, written, total)


def result_keys(models: list[ModelRequest]) -> list[str]:
    """The model ids; `<model_id>/<version>` if a job uses several versions of a model (our extension)."""
    count = Counter(model.model_id for model in models)
    return [model.model_id if count[model.model_id] == 1 else f"{model.model_id}/{model.version}" for model in models]


def write_results(
    path: Path,
    planned: npt.NDArray[np.int64],
    times_s: npt.NDArray[np.float64],
    entry_files: dict[str, Path],
    damaged_frames: npt.NDArray[np.int64],
) -> None:
    """Assemble the results file without loading it into memory; `entry_files` are deleted one by one.

    Args:
        path: the results file.
        planned: (n,) display index of the frame of each entry.
        times_s: (n,) seconds after the first frame.
        entry_files: for each key, the file with its entries, separated by commas.
        damaged_frames: (m,) display index of each planned frame that was not analyzed because it is damaged.
    """
    with path.open("wb") as output:
        output.write(b'{"frame_offset":' + msgspec.json.encode(planned.tolist()))
        output.write(b',"time_offset":' + msgspec.json.encode(times_s.tolist()))
        if len(damaged_frames):
            output.write(f',"{DAMAGED_FRAMES}":'.encode() + msgspec.json.encode(damaged_frames.tolist()))
        for key, entries in entry_files.items():
            output.write(b"," + msgspec.json.encode(key) + b":[")
            with entries.open("rb") as source:
                shutil.copyfileobj(source, output, 1 << 20)
            entries.unlink()  # keeping both would take twice the disk space
            output.write(b"]")
        output.write(b"}")


def _write_nulls(output: BinaryIO, start: int, stop: int) -> None:
    for entry in range(start, stop):
        output.write(b"null" if entry == 0 else b",null")


def _write_entry(output: BinaryIO, entry: int, value: Entry) -> None:
    output.write(b"," * (entry > 0) + msgspec.json.encode(value))
