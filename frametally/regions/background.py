"""Whether a camera still looks at what it looked at: its picture without what moves, small and gray, compared."""

from __future__ import annotations

from typing import Final

WIDTH_PX, HEIGHT_PX = 64, 36
BACKGROUND_BYTES: Final = WIDTH_PX * HEIGHT_PX
