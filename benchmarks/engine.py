"""Throughput of the embedded engine compared with bare ONNX Runtime and a sequential loop, on a real video.

engine_yolov8n_vs_bare  frames/s of a whole job over those of bare `session.run` on prepared inputs, in the fastest
engine_yolox_vs_bare    configuration: one thread per core, each with a single-threaded session
engine_loop_speedup     time of a sequential loop (OpenCV, letterbox, default session, NMS) over that of the job
engine_two_models       time of one job with both models over the sum of a job with each, in the same round
engine_decode_vs_full   10 min of 1080p at 1 frame/s: time to index the video and to decode and scale these frames,
                        over that of decoding every frame with the defaults of PyAV

The models and videos are not part of the project. Without them the benchmark is skipped.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import av
import cv2
import numpy as np
import onnxruntime as ort

from frametally.contract import ModelRequest
from frametally.engine.runner import planned_frames, run_job
from frametally.engine.spool import JobRequest, Spool, SpooledJob
from frametally.video.frame_index import build_index, plan_frames

DATA = Path(__file__).parents[2] / "shared" / "data"
VIDEO = DATA / "videos" / "bottle-detection.mp4"
STREET = DATA / "videos" / "times_square.mp4"
"""431 frames at 30 frames per second."""
MODELS = {"yolov8n": ("yolov8n_int8_640.onnx", 640), "yolox": ("yolox_nano_416.onnx", 416)}
INFER_FPS = 10
EVERY_FRAME = 29
"""Almost the frame rate of `VIDEO`; for the fast model, so that loading it takes a small part of the job."""
ROUNDS = 3
BARE_RUNS = 120
LONG_S = 600
_CORES = len(os.sched_getaffinity(0))


def figures() -> Iterator[tuple[str, float]]:
    """Print the measurements; yield the ratios."""
    if not VIDEO.exists():
        print("The sample models and videos are missing; skipping the engine benchmark.")
        return
    with tempfile.TemporaryDirectory() as folder:
        yield from _with_models(Path(folder))
        yield "engine_decode_vs_full", decode_vs_full(Path(folder))


def _with_models(folder: Path) -> Iterator[tuple[str, float]]:
    models_dir = folder / "models"
    for name, (file, _) in MODELS.items():
        (models_dir / name / "1").mkdir(parents=True)
        (models_dir / name / "1" / "model.onnx").write_bytes((DATA / "models" / file).read_bytes())
    ways: dict[str, Callable[[], float]] = {
        "yolov8n, bare": lambda: bare_s("yolov8n", INFER_FPS),
        "yolov8n, job": lambda: job_s(folder, models_dir, ["yolov8n"], INFER_FPS),
        "yolov8n, loop": loop_s,
        "yolox, bare": lambda: bare_s("yolox", EVERY_FRAME),
        "yolox, job": lambda: job_s(folder, models_dir, ["yolox"], EVERY_FRAME),
        "yolox, short job": lambda: job_s(folder, models_dir, ["yolox"], INFER_FPS),
        "both, job": lambda: job_s(folder, models_dir, list(MODELS), INFER_FPS),
    }
    rounds = [{way: measure() for way, measure in ways.items()} for _ in range(ROUNDS)]
    took = {way: np.array([one[way] for one in rounds]) for way in ways}
    for way, times_s in took.items():
        frames = planned(EVERY_FRAME if way in ("yolox, bare", "yolox, job") else INFER_FPS)
        print(f"{way:16} {frames / median(times_s):6.1f} frames/s")
    yield "engine_yolov8n_vs_bare", float(np.median(took["yolov8n, bare"] / took["yolov8n, job"]))
    yield "engine_yolox_vs_bare", float(np.median(took["yolox, bare"] / took["yolox, job"]))
    yield "engine_loop_speedup", float(np.median(took["yolov8n, loop"] / took["yolov8n, job"]))
    apart = took["yolov8n, job"] + took["yolox, short job"]
    yield "engine_two_models", float(np.median(took["both, job"] / apart))


def planned(infer_fps: float) -> int:
    """Number of frames that are analyzed at this rate."""
    return len(plan_frames(build_index(VIDEO), infer_fps))


def bare_s(name: str, infer_fps: float) -> float:
    """Seconds of `session.run` alone for as many frames as the job has, extrapolated from `BARE_RUNS` runs."""
    file, size_px = MODELS[name]
    blob = np.random.default_rng(2).random((1, 3, size_px, size_px), dtype=np.float32)
    sessions = [_session(file, threads=1) for _ in range(_CORES)]
    for session in sessions:
        session.run(None, {session.get_inputs()[0].name: blob})

    def work(session: ort.InferenceSession) -> None:
        for _ in range(BARE_RUNS // _CORES):
            session.run(None, {session.get_inputs()[0].name: blob})

    threads = [threading.Thread(target=work, args=(session,)) for session in sessions]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return planned(infer_fps) * (time.perf_counter() - start) / (BARE_RUNS // _CORES * _CORES)


def job_s(folder: Path, models_dir: Path, names: list[str], infer_fps: float) -> float:
    """Seconds for one job of the engine, from video to results file, including loading the models."""
    job = _accepted(folder, [ModelRequest(name, "1") for name in names], infer_fps)
    start = time.perf_counter()
    run_job(job, models_dir)
    return time.perf_counter() - start


def loop_s() -> float:
    """Seconds for a sequential loop over the same frames, without loading the model, as in the model's example code."""
    session = ort.InferenceSession(str(DATA / "models" / MODELS["yolov8n"][0]))
    wanted = set(plan_frames(build_index(VIDEO), INFER_FPS).tolist())
    capture, number = cv2.VideoCapture(str(VIDEO)), 0
    start = time.perf_counter()
    while True:
        was_read, image = capture.read()
        if not was_read:
            break
        if number in wanted:
            _infer_plainly(session, image)
        number += 1
    capture.release()
    return time.perf_counter() - start


def _infer_plainly(session: ort.InferenceSession, image: cv2.typing.MatLike) -> None:
    height, width = image.shape[:2]
    scale = 640 / max(height, width)
    small = cv2.resize(image, (round(width * scale), round(height * scale)))
    spare_y, spare_x = 640 - small.shape[0], 640 - small.shape[1]
    edges = spare_y // 2, spare_y - spare_y // 2, spare_x // 2, spare_x - spare_x // 2
    padded = cv2.copyMakeBorder(small, *edges, cv2.BORDER_CONSTANT, value=(114, 114, 114))
    blob = np.ascontiguousarray(padded[:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32) / 255)
    found = session.run(None, {session.get_inputs()[0].name: blob})[0][0].T
    scores = found[:, 4:].max(axis=1)
    kept = found[scores > 0.25]
    boxes = np.column_stack([kept[:, :2] - kept[:, 2:4] / 2, kept[:, 2:4]])
    cv2.dnn.NMSBoxesBatched(boxes.tolist(), scores[scores > 0.25].tolist(), kept[:, 4:].argmax(axis=1), 0.25, 0.7)


def decode_vs_full(folder: Path) -> float:
    """Time to index a long video and to decode and scale its planned frames, over that of decoding every frame."""
    short, path = folder / "short.mp4", folder / "long.mp4"
    enlarge(STREET, short)
    repeat(short, path, LONG_S * 30 // 431)
    full_s, full_processor_s = _took_s(lambda: _decode_all(path))
    ours_s, ours_processor_s = _took_s(lambda: _get_planned(path))
    print(f"10 min 1080p at 1 fps: {ours_s:.1f} s, {ours_processor_s:.1f} s of processor time")
    print(f"  every frame decoded: {full_s:.1f} s, {full_processor_s:.1f} s of processor time")
    return ours_s / full_s


def _get_planned(path: Path) -> None:
    index = build_index(path)
    for _, picture in planned_frames(path, index, plan_frames(index, 1)):
        picture.bgr(640, 360)


def _decode_all(path: Path) -> None:
    with av.open(str(path)) as container:
        for _ in container.decode(video=0):
            pass


def enlarge(source: Path, target: Path) -> None:
    """The video at 1080p with camera noise, encoded with the defaults of ffmpeg."""
    grain = np.random.default_rng(5).integers(-4, 5, (8, 1080, 1920, 1)).astype(np.int8)
    with av.open(str(target), "w") as output, av.open(str(source)) as container:
        stream = output.add_stream("libx264", rate=30, options={"preset": "medium", "crf": "23"})
        stream.thread_type = "FRAME"
        stream.width, stream.height, stream.pix_fmt = 1920, 1080, "yuv420p"
        for number, frame in enumerate(container.decode(video=0)):
            image = frame.reformat(1920, 1080, "bgr24", interpolation="BICUBIC").to_ndarray()
            noisy = cv2.add(image, grain[number % 8].repeat(3, 2), dtype=cv2.CV_8U).astype(np.uint8, copy=False)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(noisy, format="bgr24")))
        output.mux(stream.encode(None))


def repeat(source: Path, target: Path, times: int) -> None:
    """Write the video `times` times in a row, without reencoding."""
    with av.open(str(target), "w") as output, av.open(str(source)) as first:
        stream = output.add_stream_from_template(first.streams.video[0])
        length = int(first.streams.video[0].duration or 0)
        for number in range(times):
            with av.open(str(source)) as container:
                for packet in container.demux(video=0):
                    if packet.dts is not None and packet.pts is not None:
                        packet.pts, packet.dts = packet.pts + number * length, packet.dts + number * length
                        packet.stream = stream
                        output.mux(packet)


def _session(file: str, *, threads: int) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return ort.InferenceSession(str(DATA / "models" / file), options, providers=["CPUExecutionProvider"])


def _accepted(folder: Path, models: list[ModelRequest], infer_fps: float) -> SpooledJob:
    spool = Spool(folder / "engine")
    arrival = spool.receive("video")
    arrival.write(VIDEO.read_bytes())
    arrival.commit()
    return spool.accept(JobRequest(models=models, infer_fps=infer_fps), upload_id="video")


def _took_s(work: Callable[[], None]) -> tuple[float, float]:
    """Wall-clock seconds and processor seconds."""
    start, start_processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - start_processor


if __name__ == "__main__":
    for figure, value in figures():
        print(f"figure {figure} {value:.3f}")
