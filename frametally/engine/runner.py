"""Run one job, from its video to its results file: one decode for all models, entries written as they are computed."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

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
_MAX_AHEAD: Final = 32
"""More frames than a decoder is ahead of the one that it returns."""


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
    run = _Run(job, models_dir, servers, enter_phase)
    enter_phase(READING)
    plan = make_plan(job.video, job.request.infer_fps)
    if reports_no_damage(job.video):
        plan = run.with_damage(plan)
    try:
        entry_files = run.analyze(plan)
    except DamageReported:
        plan = run.with_damage(plan)
        entry_files = run.analyze(plan)
    enter_phase(WRITING)
    finish_job(job, plan, entry_files)


@dataclass(frozen=True)
class Plan:
    """What a job analyzes. Its entries are numbered; a piece of the job is a run of them."""

    index: FrameIndex
    planned: npt.NDArray[np.int64]
    """(n,) display index of the frame of each entry."""
    damaged: Flags | None = None
    """Of each frame of the index; None unless the decoder reports damage. It applies to every piece of the job."""

    @property
    def entries(self) -> range:
        return range(len(self.planned))

    @property
    def damaged_frames(self) -> npt.NDArray[np.int64]:
        """(m,) display index of each planned frame that is not analyzed because it is damaged."""
        in_file = self.planned[self.planned < len(self.index)]
        return in_file[self.damaged[in_file]] if self.damaged is not None else in_file[:0]


def make_plan(video: Path, infer_fps: float) -> Plan:
    """The plan for this rate, with the damage unknown.

    Raises:
        VideoError: the video cannot be read, or its frame rate is below the requested one.
    """
    index = build_index(video)
    check_rate(index, infer_fps)
    return Plan(index, plan_frames(index, infer_fps))


@dataclass(frozen=True)
class _Run:
    """One run of a job in this process, as a single piece."""

    job: SpooledJob
    models_dir: Path
    servers: InferenceServers
    enter_phase: EnterPhase

    def with_damage(self, plan: Plan) -> Plan:
        found = find_damage(self.job.video, plan.index, on_packet=lambda: self.enter_phase(DECODING))
        return replace(plan, damaged=found)

    def analyze(self, plan: Plan) -> list[Path]:
        """Analyze all planned frames that are not damaged; returns the entries of each model.

        Raises:
            DamageReported: the damage is unknown, and the decoder reports some.
        """
        self.enter_phase(OPENING)
        detectors = [open_model(self.models_dir, model, self.servers) for model in self.job.request.models]
        work = self.job.new_work_folder()
        entry_files = [work / f"{number}.json" for number in range(len(detectors))]
        progress = ProgressReporter(self.job, len(plan.planned))
        with ExitStack() as stack:
            outputs = [stack.enter_context(path.open("wb")) for path in entry_files]
            frames = planned_frames(self.job.video, plan.index, plan.planned, plan.damaged)
            inferred = stack.enter_context(closing(infer_frames(frames, detectors, self.enter_phase)))
            check_analyzed(write_entries(inferred, plan.entries, outputs, progress.report).analyzed)
        return entry_files


def finish_job(job: SpooledJob, plan: Plan, entry_files: list[Path]) -> None:
    """Assemble the results from the entries of each model, which lie in the work folder, and end the job."""
    draft = entry_files[0].with_name("results.json")
    times_s = planned_times_s(plan.index, plan.planned).round(4)
    of_models = dict(zip(result_keys(job.request.models), entry_files, strict=True))
    write_results(draft, plan.planned, times_s, of_models, plan.damaged_frames)
    job.finish(draft)


def check_rate(index: FrameIndex, infer_fps: float) -> None:
    """Check a requested rate against the frame rate of the video.

    Raises:
        VideoError: `infer_fps` is higher.
    """
    if refusal := rate_refusal(infer_fps, None if index.rate is None else float(index.rate), ENGINE_RATES):
        raise VideoError(refusal, "Choose a rate up to the video's frame rate.")


def planned_frames(
    path: Path,
    index: FrameIndex,
    planned: npt.NDArray[np.int64],
    damaged: Flags | None = None,
    *,
    entries: range | None = None,
    threads: int | None = None,
) -> Generator[Frame]:
    """The planned frames that are intact: (entry, picture), entries ascending.

    Other frames are decoded only if these reference them, and are never converted to pixels.

    Args:
        path: the video.
        index: of the video.
        planned: (n,) display index of the frame of each entry.
        damaged: of each frame of the index; None if it is unknown.
        entries: only these; None for all.
        threads: of the decoder; None for a number that suits this machine.

    Raises:
        DamageReported: `damaged` is None, and the decoder reports damage.
    """
    with closing(open_reader(path, index, damaged, threads)) as reader:
        yield from read_planned(reader, planned, damaged, range(len(planned)) if entries is None else entries)


def open_reader(path: Path, index: FrameIndex, damaged: Flags | None, threads: int | None = None) -> FrameReader:
    """A reader for `read_planned`; the arguments are those of `planned_frames`."""
    if damaged is not None and damaged.any():
        threads = 1  # with several, an error takes intact frames with it that were decoded before
    threads = threads or min(2 * len(os.sched_getaffinity(0)), _MAX_THREADS)
    return FrameReader(path, index, cache_bytes=_FRAME_CACHE_BYTES, threads=threads)


def read_planned(
    reader: FrameReader, planned: npt.NDArray[np.int64], damaged: Flags | None, entries: range
) -> Iterator[Frame]:
    """The same with a reader that stays open: it goes on from where it is if these entries follow on the last ones.

    Raises:
        DamageReported: `damaged` is None, and the decoder reports damage.
    """
    in_file = planned[entries.start : entries.stop]
    in_file = in_file[in_file < len(reader.index)]
    numbers = np.arange(entries.start, entries.start + len(in_file))
    if damaged is None:
        following = planned[entries.stop : entries.stop + _MAX_AHEAD]
        following = following[following < len(reader.index)]
        pictures = _intact(reader, in_file.tolist(), following.tolist())
        return zip(numbers.tolist(), pictures, strict=True)  # strict: goes on to what comes after the last picture
    is_intact = ~damaged[in_file]
    entry_of = dict(zip(in_file[is_intact].tolist(), numbers[is_intact].tolist(), strict=True))
    return ((entry_of[position], Picture(frame)) for position, frame in reader.frames(entry_of))


def _intact(reader: FrameReader, positions: list[int], following: list[int]) -> Iterator[Picture]:
    """All of these frames.

    Raises:
        DamageReported: the decoder reports damage, also of a frame before the first of the `following` ones, if a run
            that goes on to it decodes that.
    """
    frames = reader.frames([*positions, *following])  # as the decoder works ahead, it must not skip what comes next
    for expected in positions:
        position, frame = next(frames, (-1, None))
        if frame is None or position != expected or reader.has_reported_damage:
            raise DamageReported
        yield Picture(frame)
    if following and reader.can_continue_to(following[0]) and next(frames, (-1, None))[0] != following[0]:
        raise DamageReported
    if reader.has_reported_damage:
        raise DamageReported


class Written(NamedTuple):
    """What was written of a run of entries."""

    stop: int
    """The entry after the last one."""
    analyzed: int
    """Number of entries that are not null."""


def write_entries(
    frames: Iterator[tuple[int, list[Entry]]],
    entries: range,
    outputs: Sequence[BinaryIO],
    on_entry: Callable[[int], object],
) -> Written:
    """Write these entries of every model, separated by commas; null for each frame that could not be decoded.

    Args:
        frames: the number and the values of each entry whose frame was analyzed, ascending.
        entries: consecutive.
        outputs: one for each model.
        on_entry: called with the number after each analyzed entry; if it returns True, the rest is not written.
    """
    written, analyzed = entries.start, 0
    for entry, values in frames:
        for value, output in zip(values, outputs, strict=True):
            _write_nulls(output, range(written, entry), entries)
            output.write(b"," * (entry > entries.start) + msgspec.json.encode(value))
        written, analyzed = entry + 1, analyzed + 1
        if on_entry(written) is True:
            return Written(written, analyzed)
    for output in outputs:
        _write_nulls(output, range(written, entries.stop), entries)
    return Written(entries.stop, analyzed)


def check_analyzed(analyzed: int) -> None:
    """Check the number of analyzed frames of a whole job.

    Raises:
        VideoError: no frame could be decoded.
    """
    if not analyzed:
        raise VideoError("No frame of the video can be decoded.", "Convert it to MP4 (H.264) and try again.")


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


def _write_nulls(output: BinaryIO, nulls: range, entries: range) -> None:
    for entry in nulls:
        output.write(b",null" if entry > entries.start else b"null")
