"""The sound of a copy: the first audio track as AAC, without gaps, counted from the first frame of the video."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import av
import numpy as np

RATE_HZ: Final = 48_000
_BIT_RATE: Final = 128_000
_FORMAT: Final = "fltp"
_MAX_DRIFT_S: Final = 0.05
"""Between the times of the track and the samples so far; above it, silence is filled in or samples are left out."""
_MAX_SILENCE_S: Final = 600.0
"""A longer gap ends the sound: the times in a damaged file can be anything, and silence takes memory and disk, too."""


class CopiedSound:
    """Reads the track of the source beside the pictures. What cannot be decoded is left out."""

    def __init__(self, source: Path, start_s: float) -> None:
        """`start_s`: the time of the first frame of the video in the source."""
        self._source = av.open(str(source))
        self._track = next(iter(self._source.streams.audio), None)
        self._start_s = start_s
        self._position = 0
        """Samples so far."""
        self._stream: Any = None
        self._target: Any = None

    def __enter__(self) -> CopiedSound:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._source.close()

    def begin(self, target: Any) -> None:
        """Add the track to the container, before anything is written to it."""
        if self._track is None:
            return
        layout = "mono" if self._track.codec_context.channels == 1 else "stereo"
        self._target, self._layout = target, layout
        self._stream = target.add_stream("aac", rate=RATE_HZ, layout=layout)
        self._stream.bit_rate = _BIT_RATE
        self._pieces = self._resampled(av.AudioResampler(format=_FORMAT, layout=layout, rate=RATE_HZ))

    def write_until(self, time_s: float) -> None:
        """Write the sound up to a time after the first frame of the video."""
        while self._stream is not None and self._position < time_s * RATE_HZ:
            piece = next(self._pieces, None)
            if piece is None or piece[0] - self._position > _MAX_SILENCE_S * RATE_HZ:
                self.end()
            else:
                self._write(*piece)

    def end(self) -> None:
        """Write what the encoder still holds."""
        if self._stream is not None:
            self._target.mux(self._stream.encode(None))
            self._stream = None

    def _write(self, at: int, samples: np.ndarray) -> None:
        missing = at - self._position
        if missing > _MAX_DRIFT_S * RATE_HZ:
            samples = np.pad(samples, ((0, 0), (missing, 0)))
        elif missing < -_MAX_DRIFT_S * RATE_HZ:
            samples = samples[:, -missing:]
        if not samples.shape[1]:
            return
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format=_FORMAT, layout=self._layout)
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, self._position, Fraction(1, RATE_HZ)
        self._position += samples.shape[1]
        self._target.mux(self._stream.encode(frame))

    def _resampled(self, resampler: av.AudioResampler) -> Iterator[tuple[int, np.ndarray]]:
        """(place of the first sample, samples of each channel)."""
        for frame in self._decoded():
            at = round(((frame.time or 0.0) - self._start_s) * RATE_HZ)
            for piece in resampler.resample(frame):
                samples = piece.to_ndarray()
                yield at, samples
                at += samples.shape[1]

    def _decoded(self) -> Iterator[av.AudioFrame]:
        packets = self._source.demux(self._track)
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                yield from (frame for frame in packet.decode() if isinstance(frame, av.AudioFrame))
            except av.FFmpegError:
                continue
