"""Results of a job: from the JSON that came (`archive`) to what pages read (`open_results`). `null` is not zero."""

from frametally.results.cube import Cube
from frametally.results.entries import Kind
from frametally.results.ingest import archive, archive_apart, is_read
from frametally.results.manifest import ARCHIVE_NAME
from frametally.results.reader import Boxes, ModelTable, Results, open_results, read_again

__all__ = [
    "ARCHIVE_NAME",
    "Boxes",
    "Cube",
    "Kind",
    "ModelTable",
    "Results",
    "archive",
    "archive_apart",
    "is_read",
    "open_results",
    "read_again",
]
