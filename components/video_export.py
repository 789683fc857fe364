"""The annotated video of the view."""

from typing import Any


def video_export(*_: Any) -> None: ...
