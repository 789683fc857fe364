"""`frametally report JOB --out FILE`: a brief of a job or of a results JSON."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from frametally.analysis.view_spec import ViewSpec
from frametally.cli.environment import read_settings
from frametally.cli.exit_code import ExitCode
from frametally.cli.progress_bar import share_progress
from frametally.cli.results.output import writing
from frametally.cli.results.source import archive_of, opened
from frametally.clock import utc_now
from frametally.config.settings import Settings
from frametally.errors import SettingsError
from frametally.ledger.ledger import Ledger
from frametally.library.library import Library
from frametally.memory import limit_malloc
from frametally.rendering.class_colors import ClassColors
from frametally.reports.document.page import self_contained
from frametally.reports.job_sources import job_sources
from frametally.reports.making import make_brief
from frametally.reports.pdf import find_browser, make_pdf
from frametally.reports.request import BriefRequest, Evidence
from frametally.reports.sources import BriefSources, BriefVideo
from frametally.storage.atomic import write_bytes
from frametally.storage.digests import sha256_of
from frametally.storage.space import TRY_AGAIN, explain_disk_full
from frametally.video.frame_index import build_index

_END_S: Final = 1e9
"""Behind the end of every video."""


def add_parser(commands: Any) -> None:
    """Register the command."""
    kinds = ", ".join(Evidence)
    parser = commands.add_parser("report", help="write a brief: one file with numbers, charts and frames")
    parser.add_argument("results", metavar="JOB", help="the id of a job, or a results JSON")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="write the brief to this .html file")
    parser.add_argument("--pdf", action="store_true", help="also write it as PDF, beside the file")
    parser.add_argument("--video", type=Path, metavar="FILE", help="the video of a results JSON")
    parser.add_argument("--model", metavar="NAME", help="one of the results' models (the first)")
    parser.add_argument("--compare-with", metavar="NAME", help="a second one of them")
    parser.add_argument("--title", default="", help="title (the name of the video)")
    parser.add_argument("--made-by", default="", metavar="NAME", help="who made it")
    parser.add_argument("--question", default="", help="what was asked")
    parser.add_argument("--classes", nargs="+", metavar="CLASS", help="only these")
    parser.add_argument("--confidence", type=float, default=0.25, help="minimum confidence (0.25)")
    parser.add_argument("--from", dest="from_s", type=float, metavar="SECONDS", help="start of the time range")
    parser.add_argument("--to", dest="to_s", type=float, metavar="SECONDS", help="end of the time range")
    parser.add_argument(
        "--evidence", nargs="*", choices=list(Evidence), metavar="KIND", help=f"which frames are shown: {kinds} (all)"
    )
    parser.add_argument("--every", type=float, metavar="SECONDS", help="also a frame each so many seconds")
    parser.add_argument("--blur", nargs="+", default=[], metavar="CLASS", help="blur these classes in every picture")
    parser.add_argument("--blur-whole-persons", action="store_true", help="also blur the boxes of persons")
    parser.add_argument("--clips", action="store_true", help="add a short clip to each of the first frames")
    parser.set_defaults(execute=lambda options: write_report(options, read_settings()))


def write_report(options: argparse.Namespace, settings: Settings) -> int:
    """Write the brief and return the exit code.

    Raises:
        FrametallyError: the results, the video or an option cannot be used.
    """
    request = _request(options)
    _keep_memory_low()
    browser = find_browser(settings.browser) if options.pdf else None
    with explain_disk_full("this brief", TRY_AGAIN):
        with _sources(options, settings) as sources, share_progress() as bar:
            brief = make_brief(sources, request, made_by=options.made_by, made_at=utc_now(), progress=bar)
        _write(options.out, self_contained(brief))
        if browser is not None:
            _write(options.out.with_suffix(".pdf"), make_pdf(brief, browser))
    print(f"{options.out.name}: {brief.title}. {brief.description}".strip())
    return ExitCode.OK


def _keep_memory_low() -> None:
    """Freed memory goes back to the system: the largest parts of the work follow each other."""
    import pyarrow as pa

    limit_malloc()
    pa.set_memory_pool(pa.system_memory_pool())


def _request(options: argparse.Namespace) -> BriefRequest:
    if options.out.suffix != ".html":
        raise SettingsError(f"The format {options.out.suffix or 'of --out'} is not known.", "Use .html, and --pdf.")
    has_range = options.from_s is not None or options.to_s is not None
    to_s = _END_S if options.to_s is None else options.to_s
    try:
        view = ViewSpec(
            job_ids=(Path(options.results).name,),
            model=options.model,
            compare_with=options.compare_with,
            shown=tuple(options.classes) if options.classes else None,
            confidence=options.confidence,
            time_range_s=(options.from_s or 0.0, to_s) if has_range else None,
        )
        return BriefRequest(
            view=view,
            title=options.title,
            question=options.question,
            evidence=tuple(Evidence) if options.evidence is None else tuple(map(Evidence, options.evidence)),
            every_s=options.every,
            blurred=tuple(options.blur),
            blurs_whole_persons=options.blur_whole_persons,
            has_clips=options.clips,
        )
    except ValueError as error:
        raise SettingsError(f"An option has an invalid value: {error}.", "Check the options.") from error


@contextmanager
def _sources(options: argparse.Namespace, settings: Settings) -> Iterator[BriefSources]:
    """Of a job in the data folder, or of a results JSON with its video."""
    reference = options.results
    if Path(reference).is_file():
        with opened(reference, options.video, settings) as results:
            video = _video(options.video) if options.video else None
            yield BriefSources(results=results, video=video, video_name=Path(reference).stem)
        return
    archive_of(reference, settings)
    with closing(Ledger(settings.database_url)) as ledger:
        sources = job_sources(
            ledger.job(reference),
            ledger=ledger,
            library=Library(settings.media_dir, max_video_bytes=settings.max_video_bytes),
            results_dir=settings.results_dir,
            models_dir=settings.models_dir,
            colors=ClassColors(settings.colors_file).of,
        )
        if options.video:
            with opened(reference, options.video, settings) as results:
                yield replace(sources, results=results, video=_video(options.video))
            return
        yield sources


def _video(path: Path) -> BriefVideo:
    size_bytes = path.stat().st_size
    index = build_index(path)
    return BriefVideo(path=path, index=index, file_name=path.name, sha256=sha256_of(path), size_bytes=size_bytes)


def _write(path: Path, content: bytes) -> None:
    with writing(path):
        write_bytes(path, content)
