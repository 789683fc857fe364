"""Jobs on clips with numbered frames, and what the player in a browser shows of them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from frametally.job import JobStatus
from frametally.library.library import Library
from frametally.rendering.class_colors import PALETTE
from frametally.storage.locks import locked
from tests.support.archives import archive_cached
from tests.support.browser import wait_until
from tests.support.ledgers import a_job, open_ledger
from tests.support.numbered_videos import (
    BITS,
    BLOCK_HEIGHT_PX,
    BLOCK_PX,
    BOX_CLASS,
    BOX_PX,
    BOX_TOP_PX,
    HEIGHT_PX,
    WIDTH_PX,
)

ROOT = """() => [...document.querySelectorAll("*")]
  .map((element) => element.shadowRoot?.querySelector(".player")).find(Boolean)"""
"""The root element of the player, in the shadow tree of its component."""

READ = f"""
const root = ({ROOT})();
const [BITS, WIDTH, HEIGHT, BLOCK] = {[BITS, WIDTH_PX, HEIGHT_PX, BLOCK_PX]};
const [BLOCK_Y, BOX_Y, BOX] = {[BLOCK_HEIGHT_PX // 2, BOX_TOP_PX + BOX_PX // 2, BOX_PX]};
const sheet = new OffscreenCanvas(WIDTH, HEIGHT).getContext("2d", {{ willReadFrequently: true }});
function pixels(source) {{
  sheet.clearRect(0, 0, WIDTH, HEIGHT);
  sheet.drawImage(source, 0, 0, WIDTH, HEIGHT);
  return sheet.getImageData(0, 0, WIDTH, HEIGHT).data;
}}
function bits(data, isSet) {{
  let number = 0;
  for (let bit = 0; bit < BITS; bit++) if (isSet(data, bit)) number |= 1 << bit;
  return number;
}}
const at = (data, x, y) => data.subarray((Math.round(y) * WIDTH + Math.round(x)) * 4).subarray(0, 4);
// The number of the frame, from the blocks of the picture.
const frameIn = (source) => bits(pixels(source), (data, bit) => at(data, (bit + 0.5) * BLOCK, BLOCK_Y)[1] > 128);
// The most colorful pixel across the left edge of a box; the picture below it is gray.
function edge(data, bit, isColor) {{
  const x = (bit + 0.5) * BLOCK - BOX / 2;
  for (let dx = -2; dx <= 2; dx++) if (isColor(at(data, x + dx, BOX_Y))) return true;
  return false;
}}
const isColorful = ([red, green, blue]) => Math.max(red, green, blue) - Math.min(red, green, blue) > 40;
// The number of the entry, from the boxes; null if not even the box that every entry has is there.
function entryIn(source, isColor) {{
  const data = pixels(source);
  return edge(data, BITS, isColor) ? bits(data, (data, bit) => edge(data, bit, isColor)) : null;
}}
"""

EXACT = f"""() => {{ {READ}
  const picture = root.querySelector(".exact");
  return {{
    entry: Number(root.dataset.entry),
    isExact: !picture.hidden,
    frame: frameIn(picture),
    boxes: entryIn(picture, isColorful),
    badge: root.querySelector(".badge").textContent,
    message: root.querySelector(".message").textContent,
  }};
}}"""
"""What the exact picture shows, read from its pixels."""

SAMPLES = f"""(count) => new Promise((resolve) => {{ {READ}
  const [video, canvas, found] = [root.querySelector("video"), root.querySelector("canvas"), []];
  const end = () => {{
    const {{ droppedVideoFrames, totalVideoFrames }} = video.getVideoPlaybackQuality();
    resolve([found, droppedVideoFrames, totalVideoFrames]);
  }};
  root.querySelector(".stage").addEventListener("presented", () => {{
    if (video.paused || !root.querySelector(".exact").hidden || found.length === count) return;
    found.push([frameIn(canvas), entryIn(canvas, isColorful), root.querySelector(".badge").textContent]);
    if (found.length === count) end();
  }});
  video.addEventListener("ended", end);
}})"""
"""Frame and entry while it plays, read from the pixels in the callback of each presented frame; dropped frames, all."""

BOTH = f"""() => {{ {READ}
  return [...root.querySelectorAll(".exact")].map((picture) => [frameIn(picture), entryIn(picture, isColorful)]);
}}"""
"""Frame and entry of the exact pictures of both models."""

FILLED = f"""() => new Promise((resolve) => {{ {READ}
  const [video, canvas] = [root.querySelector("video"), root.querySelector("canvas")];
  root.querySelector(".stage").addEventListener("presented", function check() {{
    const data = pixels(canvas);
    const isFilled = isColorful(at(data, (BITS + 0.5) * BLOCK, BOX_Y));
    if (video.paused || !root.querySelector(".exact").hidden || !isFilled) return;
    this.removeEventListener("presented", check);
    resolve(entryIn(canvas, isColorful));
  }});
}})"""
"""Waits until, while it plays, the middle of the box of every entry is colored; returns the entry of the boxes."""

PLACES = f"""() => {{
  const root = ({ROOT})();
  const place = (name) => {{
    const {{ left, top, width, height }} = root.querySelector(name).getBoundingClientRect();
    return [left, top, left + width, top + height];
  }};
  return Object.fromEntries([".stage", "video", ".exact", "canvas"].map((name) => [name, place(name)]));
}}"""
"""Left, top, right and bottom of what lies above each other, on the screen."""

RESTS = f"""() => {{
  const root = ({ROOT})();
  return Boolean(root?.dataset.shown) && root.dataset.shown === root.dataset.entry;
}}"""
"""Whether the exact frame of the playhead is displayed."""


PLAYABLE = f"""() => {{
  const video = ({ROOT})().querySelector("video");
  return !video.error && video.videoWidth > 0 && !video.seeking;
}}"""
"""Whether the browser can play what the player has loaded."""


def add_job(data_dir: Path, job_id: str, results: dict[str, Any], clip: Path | None = None) -> None:
    """Add a finished job with these results to the data folder of a dashboard, which is private."""
    before = os.umask(0o077)
    try:
        _add_job(data_dir, job_id, results, clip)
    finally:
        os.umask(before)


def _add_job(data_dir: Path, job_id: str, results: dict[str, Any], clip: Path | None) -> None:
    data_dir.mkdir(exist_ok=True)
    (data_dir / "results").mkdir(exist_ok=True)
    _choose_color(data_dir)
    plain = data_dir / f"{job_id}.json"
    plain.write_text(json.dumps(results))
    archive_cached(plain, data_dir / "results" / job_id)
    plain.unlink()
    video = Library(data_dir / "media", max_video_bytes=1 << 30).add(clip, actor=None) if clip else None
    stored = {"video_sha256": video.sha256} if video else {}
    with open_ledger(f"sqlite:///{data_dir / 'frametally.db'}") as ledger:
        ledger.add(a_job(job_id, status=JobStatus.SUCCEEDED, **stored))


def _choose_color(data_dir: Path) -> None:
    """Give the boxes that are read from the pixels a bright color: the palette also has a gray one."""
    with locked(data_dir):
        path = data_dir / "colors.json"
        known = json.loads(path.read_text())["colors"] if path.exists() else {}
        path.write_text(json.dumps({"colors": {BOX_CLASS: PALETTE[0]} | known}))


def wait_for_rest(page: Page) -> None:
    """Wait until the exact frame of the playhead is displayed."""
    wait_until(page, RESTS)


def place_in_timeline(page: Page, time_s: float) -> tuple[float, float]:
    """The place on the screen of a time in the timeline, half-way up the plot."""
    place = f"""(time) => {{
      const plot = ({ROOT})().querySelector(".js-plotly-plot");
      plot.scrollIntoView({{ block: "nearest" }});
      const {{ xaxis, _size }} = plot._fullLayout;
      const {{ left, top }} = plot.getBoundingClientRect();
      return [left + xaxis._offset + xaxis.l2p(time), top + _size.t + _size.h / 2];
    }}"""
    x, y = page.evaluate(place, time_s)
    return float(x), float(y)
