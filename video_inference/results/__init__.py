"""Results of a job: from the JSON that came (`archive`) to what pages read (`open_results`). `null` is not zero."""

from video_inference.results.cube import Cube
from video_inference.results.entries import Kind
from video_inference.results.ingest import archive, archive_apart, is_read
from video_inference.results.notes import ARCHIVE_NAME
from video_inference.results.tables import Boxes, ModelTable, Results, open_results, read_again

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
