"""The videos of a batch before it starts: which are skipped, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import streamlit as st

from frametally.jobs.batch import BatchLine
from frametally.library.video_store import StoredVideo

_REASON, _WARNING = "Reason skipped", "Warning"
_WIDTHS: dict[str, Literal["small", "medium", "large"]] = {"Line": "small", _REASON: "large", _WARNING: "medium"}


def batch_preview(lines: Sequence[BatchLine], files: Sequence[StoredVideo], refused: Mapping[str, str]) -> None:
    """Draw a table of the lines and files, unless all are files that will run.

    `refused` has the reason for each file that is skipped, by sha256.
    """
    rows = [_row(line.number, line.name or line.url.partition("?")[0], line.error, line.warning) for line in lines]
    rows += [_row(None, kept.file_name, refused.get(kept.sha256, "")) for kept in files]
    skipped, warned = (sum(bool(row[column]) for row in rows) for column in (_REASON, _WARNING))
    if not (lines or skipped):  # the names of files are above
        return
    if skipped:
        st.warning(f"{skipped:,} of {len(rows):,} will be skipped.", icon=":material/warning:")
    unused = {name for name, count in ((_REASON, skipped), (_WARNING, warned), ("Line", len(lines))) if not count}
    rows.sort(key=lambda row: (not row[_REASON], not row[_WARNING]))
    rows = [{name: cell for name, cell in row.items() if name not in unused} for row in rows]
    widths = {name: st.column_config.Column(width=width) for name, width in _WIDTHS.items() if name in rows[0]}
    st.dataframe(rows, hide_index=True, height="content" if len(rows) < 8 else 300, column_config=widths)


def _row(line: int | None, video: str, reason: str, warning: str = "") -> dict[str, int | str | None]:
    return {"Line": line, "Video": video, _REASON: reason, _WARNING: warning}
