"""A copy of the dashboard whose sample is a short excerpt of the clip, so that its job takes a few seconds."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import av

from frametally.sample import CLIP, PICTURE_AT_S
from frametally.video.frame_index import build_index
from tests.support.dashboards import ROOT

EXCERPT_FROM_S, EXCERPT_TO_S = 20, 28
"""The excerpt begins and ends at the first key frames from these times on; it shows every class."""


def write_excerpt(path: Path) -> None:
    """Write an excerpt of the sample's clip, without encoding it again."""
    with av.open(str(CLIP)) as source, av.open(str(path), "w") as target:
        clip = source.streams.video[0]
        stream = target.add_stream_from_template(clip)
        start = None
        for packet in source.demux(clip):
            if packet.pts is None or packet.dts is None or packet.time_base is None:
                continue
            time_s = float(packet.pts * packet.time_base)
            if packet.is_keyframe and start is not None and time_s >= EXCERPT_TO_S:
                return
            if packet.is_keyframe and start is None and time_s >= EXCERPT_FROM_S:
                start = packet.pts
            if start is not None:
                packet.pts, packet.dts, packet.stream = packet.pts - start, packet.dts - start, stream
                target.mux(packet)


def copy_with_excerpt(folder: Path) -> Path:
    """Copy the dashboard and its package to this folder; the excerpt has its own truth file."""
    for name in ("frametally", "components", "pages", ".streamlit", "demo/models"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy2(ROOT / "app.py", folder)
    clip = folder / "demo" / "sample" / CLIP.name
    clip.parent.mkdir()
    write_excerpt(clip)
    truth = json.loads(CLIP.with_name(f"{CLIP.stem}.truth.json").read_bytes())
    truth |= {"sha256": hashlib.sha256(clip.read_bytes()).hexdigest(), "frames": len(build_index(clip))}
    clip.with_name(f"{CLIP.stem}.truth.json").write_text(json.dumps(truth))
    module = folder / "frametally" / "sample.py"
    preview = f"PICTURE_AT_S: Final = {PICTURE_AT_S}"
    assert preview in module.read_text()
    module.write_text(module.read_text().replace(preview, "PICTURE_AT_S: Final = 0"))  # the excerpt ends before it
    return folder
