"""The download of the frame that Analytics shows."""

from __future__ import annotations

import pickle
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import streamlit as st

from frametally.deployment import Deployment
from tests.support.pages import OpenPage
from tests.support.results_files import box, entry, finished_job, offsets
from tests.support.video_files import write_video

WIDTH_PX, HEIGHT_PX = 640, 480


def test_it_is_decoded_again_so_that_the_session_keeps_no_picture(
    open_page: OpenPage, deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_video(tmp_path / "video.mp4", frames=4, fps=10, width_px=WIDTH_PX, height_px=HEIGHT_PX)
    finished_job(deployment, tmp_path / "video.mp4", {**offsets(2), "kitchen": [entry(box("cup", 0.9))] * 2})
    offered: list[partial[bytes]] = []

    def download_button(_label: str, data: partial[bytes], *_: Any, **__: Any) -> None:
        offered.append(data)

    monkeypatch.setattr(st, "download_button", download_button)
    app = open_page("analytics")
    assert not app.exception
    (make_png,) = offered
    assert len(pickle.dumps(make_png.args)) < WIDTH_PX * HEIGHT_PX / 10
    image = cv2.imdecode(np.frombuffer(make_png(), np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert image.shape == (HEIGHT_PX, WIDTH_PX, 3)
