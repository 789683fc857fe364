"""The limits of processes that encode videos: generous, and passing them ends with a sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import av
import msgspec
import numpy as np
import pytest

from frametally.analysis.view_spec import ViewSpec
from frametally.library.copies.report import progress_path
from frametally.library.library import Library
from frametally.rendering.video_export import VideoSpec
from frametally.results import archive_results
from frametally.video.encoding_process import Report, memory_limit_bytes
from tests.support.documents import box
from tests.support.short_documents import document, entry

ROOT = Path(__file__).parents[2]
LITTLE = """
import sys
from pathlib import Path
from frametally.video import encoding_process as process

def little(*_):
    used = next(line for line in open("/proc/self/status") if line.startswith("VmData"))
    return (int(used.split()[1]) << 10) + (24 << 20)

process.memory_limit_bytes = little
from {module} import main
sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
"""


@pytest.mark.parametrize(
    ("pixels", "cores", "measured_gb"), [(3840 * 2160, 2, 2.2), (7680 * 4320, 2, 3.1), (1280 * 720, 2, 1.7)]
)
def test_the_limit_is_well_above_what_was_measured_and_grows_with_the_frame_and_the_cores(
    pixels: int, cores: int, measured_gb: float
) -> None:
    assert memory_limit_bytes(pixels, cores) > 1.5 * measured_gb * 1e9
    assert memory_limit_bytes(pixels, cores) < memory_limit_bytes(pixels, 64)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "large.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 2560, 1440, "yuv420p"
        for shade in range(6):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((1440, 2560, 3), shade, np.uint8))))
        container.mux(stream.encode(None))
    return path


def run(module: str, source: Path, target: Path) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", LITTLE.format(module=module), str(source), str(target)]
    pipe = subprocess.PIPE  # its standard input stays open: the process ends with its parent
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as child:
        assert child.stdout is not None
        output = child.stdout.read()
    return subprocess.CompletedProcess(command, child.returncode, output)


def test_a_copy_that_takes_too_much_memory_says_so(large: Path, tmp_path: Path) -> None:
    video = Library(tmp_path / "media", max_video_bytes=1 << 30).add(large, actor=None)
    target = tmp_path / "play.mp4"
    done = run("frametally.library.copies.encoder", video.path, target)
    report = msgspec.json.decode(progress_path(target).read_bytes().splitlines()[-1], type=Report)
    assert (done.returncode, target.exists()) == (1, False)
    assert "memory" in report.what


def test_an_annotated_video_that_takes_too_much_memory_says_so(large: Path, tmp_path: Path) -> None:
    video = Library(tmp_path / "media", max_video_bytes=1 << 30).add(large, actor=None)
    (tmp_path / "r.json").write_text(json.dumps(document(entry(box()), None)))
    (tmp_path / "results").mkdir()
    archive_results(tmp_path / "r.json", tmp_path / "results" / "job")
    view = ViewSpec(job_ids=("job",))
    spec = VideoSpec(video=str(video.path), results=str(tmp_path / "results" / "job"), view=view, colors={})
    (tmp_path / "spec.json").write_bytes(msgspec.json.encode(spec))
    done = run("frametally.rendering.video_encoder", tmp_path / "spec.json", tmp_path / "annotated.mp4")
    report = msgspec.json.decode(done.stdout.splitlines()[-1], type=Report)
    assert (done.returncode, (tmp_path / "annotated.mp4").exists()) == (1, False)
    assert "memory" in report.what
