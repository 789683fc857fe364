"""CSV files that are safe to open in a spreadsheet: texts that it would evaluate as a formula are escaped.

Such texts get an apostrophe in front (OWASP, CSV injection), and so do texts that already start with one. To read a
text back, remove one leading apostrophe.

The files are UTF-8 with a byte order mark, without which Excel reads them in the encoding of the system; separated by
commas, with a decimal point.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from frametally.storage.atomic import atomic_path

_FORMULA_START: Final = "\\A[=+@\\t\\r\\n\\x00＝＋－＠'-]"


def write_csv(path: Path, schema: pa.Schema, tables: Iterable[pa.Table]) -> None:
    """Write tables of one schema to one file, with column names and texts escaped."""
    names = escape_formulas(schema.names)
    escaped = pa.schema([field.with_name(name) for field, name in zip(schema, names, strict=True)])
    with atomic_path(path) as draft, draft.open("wb") as file:
        file.write(codecs.BOM_UTF8)
        with pa_csv.CSVWriter(file, escaped) as writer:
            for table in tables:
                columns = [_escaped(column) if pa.types.is_string(column.type) else column for column in table.columns]
                writer.write_table(pa.table(columns, schema=escaped))


def escape_formulas(texts: list[str]) -> list[str]:
    """The texts as they are written to a CSV file."""
    return [str(text) for text in _escaped(pa.chunked_array([texts], pa.string())).to_pylist()]


def _escaped(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    with_apostrophe = pc.binary_join_element_wise("'", texts, "")
    return pc.if_else(pc.match_substring_regex(texts, _FORMULA_START), with_apostrophe, texts)
