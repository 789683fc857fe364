"""Results of a job: from the JSON that came (`archive`) to what pages read (`open_results`). `null` is not zero."""

from video_inference.results_new.cube import Cube
from video_inference.results_new.entries import Kind
from video_inference.results_new.ingest import archive, archive_apart
from video_inference.results_new.notes import ARCHIVE_NAME
from video_inference.results_new.tables import Boxes, ModelTable, Results, open_results

__all__ = ["ARCHIVE_NAME", "Boxes", "Cube", "Kind", "ModelTable", "Results", "archive", "archive_apart", "open_results"]
