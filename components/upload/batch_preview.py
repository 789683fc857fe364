"""The videos of a batch before it starts: which are skipped, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import streamlit as st

from components.formatting import escape_markdown
from frametally.jobs.batch import BatchLine
from frametally.library.video_store import StoredVideo

_REASON, _WARNING = "Reason skipped", "Warning"
_WIDTHS: dict[str, Literal["small", "medium", "large"]] = {"Line": "small", _REASON: "large", _WARNING: "medium"}
_MAX_NAMED: Final = 20


def batch_preview(lines: Sequence[BatchLine], files: Sequence[StoredVideo], refused: Mapping[str, str]) -> None:
    """Draw a table of the lines, or which of the files are skipped.

    `refused` has the reason for each file that is skipped, by sha256.
    """
    if lines:
        _table_of(lines)
    else:
        _skipped_files([(kept.file_name, refused[kept.sha256]) for kept in files if kept.sha256 in refused], len(files))


def _skipped_files(skipped: Sequence[tuple[str, str]], total: int) -> None:
    """Draw the name and the reason of each; the names of all files are above."""
    if not skipped:
        return
    rows = [f"- **{escape_markdown(name)}**: {escape_markdown(reason)}" for name, reason in skipped[:_MAX_NAMED]]
    more = [f"- {len(skipped) - _MAX_NAMED:,} more"] if len(skipped) > _MAX_NAMED else []
    st.warning("\n".join([_summary(len(skipped), total), "", *rows, *more]), icon=":material/warning:")


def _table_of(lines: Sequence[BatchLine]) -> None:
    rows: list[dict[str, int | str | None]] = [
        {
            "Line": line.number,
            "Video": line.name or line.url.partition("?")[0],
            _REASON: line.error,
            _WARNING: line.warning,
        }
        for line in lines
    ]
    skipped, warned = (sum(bool(row[column]) for row in rows) for column in (_REASON, _WARNING))
    if skipped:
        st.warning(_summary(skipped, len(rows)), icon=":material/warning:")
    unused = {name for name, count in ((_REASON, skipped), (_WARNING, warned)) if not count}
    rows.sort(key=lambda row: (not row[_REASON], not row[_WARNING]))
    rows = [{name: cell for name, cell in row.items() if name not in unused} for row in rows]
    widths = {name: st.column_config.Column(width=width) for name, width in _WIDTHS.items() if name in rows[0]}
    st.dataframe(rows, hide_index=True, height="content" if len(rows) < 8 else 300, column_config=widths)


def _summary(skipped: int, total: int) -> str:
    return f"{skipped:,} of {total:,} will be skipped."
