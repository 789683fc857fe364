"""What the processes that encode videos share: their limits, how they end, and what they report as lines of JSON."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from msgspec import Struct

from frametally.errors import FrametallyError, VideoError
from frametally.processes.sandbox import enter_sandbox, limit_memory
from frametally.video.container import MAX_PIXELS, is_out_of_memory, open_video

_OUT_OF_MEMORY: Final = "Encoding this video takes more memory than it may."
UNFINISHED: Final = 0.999
"""The highest share that is reported before the file is complete."""


_SMALL_PIXELS: Final = 3840 * 2160
_BASE_BYTES: Final = 2 << 30
_BYTES_PER_CORE: Final = 128 << 20
_BYTES_PER_PIXEL: Final = 160
_BYTES_PER_PIXEL_AND_CORE: Final = 16
"""With two cores, a video of 3840 x 2160 in 10 bits takes 2.2 GB (1.6 GB of it whatever its size), one of 7680 x 4320
takes 3.1 GB; what depends on the size is allowed twice and more."""


class Report(Struct, frozen=True, omit_defaults=True):
    """Progress or outcome of an encoding process."""

    share: float = 0.0
    """0 to 1."""
    what: str = ""
    """What failed; empty without a failure."""
    next_step: str = ""


def memory_limit_bytes(pixels: int, cores: int | None = None) -> int:
    """What a process may take that encodes frames of this size: each core has threads with frames of their own."""
    cores = cores or os.cpu_count() or 1
    per_pixel = _BYTES_PER_PIXEL + cores * _BYTES_PER_PIXEL_AND_CORE
    return _BASE_BYTES + cores * _BYTES_PER_CORE + max(pixels, _SMALL_PIXELS) * per_pixel


def enter_encoder_sandbox(video: Path) -> None:
    """Give up what encoding this video does not need, memory included."""
    enter_sandbox(max_memory_bytes=memory_limit_bytes(MAX_PIXELS))
    with suppress(VideoError), open_video(video) as (_, stream):  # what is wrong with it is reported later
        limit_memory(memory_limit_bytes(stream.codec_context.width * stream.codec_context.height))


def yield_and_end_with_parent() -> None:
    """Give way to other processes, and end when the standard input is closed: the parent process has ended."""
    os.nice(10)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    threading.Thread(target=_end_with_parent, daemon=True).start()


def outcome_of(encode: Callable[[], None], failed: str) -> Report:
    """Encode; returns the final report. `failed` says what has failed after an unexpected error."""
    try:
        encode()
    except FrametallyError as error:
        return Report(what=error.what, next_step=error.next_step)
    except Exception as error:  # the details belong in the log, not on the page
        traceback.print_exc()
        if is_out_of_memory(error):
            return Report(what=_OUT_OF_MEMORY, next_step="Use a video with a lower resolution.")
        return Report(what=failed, next_step="See the server's log for the reason.")
    return Report(1.0)


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
