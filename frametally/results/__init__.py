"""Results of a job: `archive_results` converts the JSON of the service to tables, `open_results` reads them."""

from frametally.results.archive import archive_results
from frametally.results.cube import Cube
from frametally.results.entries import Kind
from frametally.results.manifest import manifest_time_ns as results_version
from frametally.results.model_table import Boxes, ModelTable
from frametally.results.original import copy_original, find_original
from frametally.results.reader import Results, open_results, read_again
from frametally.results.reading.process import archive_in_subprocess

__all__ = [
    "Boxes",
    "Cube",
    "Kind",
    "ModelTable",
    "Results",
    "archive_in_subprocess",
    "archive_results",
    "copy_original",
    "find_original",
    "open_results",
    "read_again",
    "results_version",
]
