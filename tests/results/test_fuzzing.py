"""Fuzzing of the results reader in a subprocess: no signal, no answer without a reason, at most 1 GiB, 10 s an input.

`make soak` runs it for ten minutes (`FUZZ_SECONDS`). A failing input is kept in the folder of the test, with its seed.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.support.documents import OFFSETS, random_document
from tests.support.fuzzed_results import MAX_MEMORY_BYTES, broken, mutated, packed
from tests.support.source_tree import ROOT

SECONDS = float(os.environ.get("FUZZ_SECONDS", "2"))
MAX_INPUT_S = 10.0
_ROUND = 50


class Reader:
    """The process that reads the inputs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.outcomes: Counter[str] = Counter()
        self.slowest_s = self.peak_mb = 0.0
        command = [sys.executable, "-m", "tests.support.fuzzed_results", str(folder)]
        env = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def read(self, data: bytes) -> None:
        """Read one input; raises AssertionError if the process fails, is too slow or too large."""
        path = self.folder / "input.json"
        path.write_bytes(data)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):  # the process has ended, so that it gives no answer
            self._process.stdin.write(f"{path}\n")
            self._process.stdin.flush()
        ready, _, _ = select.select([self._process.stdout], [], [], 3 * MAX_INPUT_S)
        line = self._process.stdout.readline() if ready else ""
        assert line, f"no answer for {path}: exit code {self._process.poll()}"
        outcome, took_s, peak_mb = line.split("|")
        self.outcomes[outcome] += 1
        self.slowest_s, self.peak_mb = max(self.slowest_s, float(took_s)), max(self.peak_mb, float(peak_mb))
        assert outcome in ("read", "refused"), f"{outcome}: {path}"
        assert float(took_s) <= MAX_INPUT_S, f"{took_s} s: {path}"
        assert float(peak_mb) * 2**20 <= MAX_MEMORY_BYTES, f"{peak_mb} MiB: {path}"

    def close(self) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError), self._process:
            self._process.stdin.close()
            try:
                self._process.wait(timeout=MAX_INPUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()


def fuzzed(random: Random) -> bytes:
    """A random document, mutated, in a random layout and container."""
    content = random_document(random)
    kept = OFFSETS if random.random() < 0.8 else ()  # most files with other offsets are refused for them alone
    content = {key: value if key in kept else mutated(random, value) for key, value in content.items()}
    text = json.dumps(content, separators=random.choice([(",", ":"), (", ", ": ")]), indent=random.choice([None, 1]))
    return packed(random, broken(random, text.encode()))


def test_no_input_stops_the_reader_or_is_refused_without_a_reason(tmp_path: Path) -> None:
    reader, end_s = Reader(tmp_path), time.monotonic() + SECONDS

    @settings(
        max_examples=_ROUND,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.randoms(use_true_random=False))
    def read_one(random: Random) -> None:
        reader.read(fuzzed(Random(random.getrandbits(64))))

    rounds = 0
    try:
        while time.monotonic() < end_s or not rounds:
            seed(rounds)(read_one)()
            rounds += 1
    finally:
        reader.close()
    print(f"figure fuzz_results_inputs {reader.outcomes.total()}")
    print(f"figure fuzz_results_refused {reader.outcomes['refused']}")
    print(f"figure fuzz_results_slowest_s {reader.slowest_s:.2f}")
    print(f"figure fuzz_results_peak_mb {reader.peak_mb:.0f}")
    assert reader.outcomes["read"] > 0
    assert reader.outcomes["refused"] > 0
