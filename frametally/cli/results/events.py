"""`frametally events RESULTS --regions FILE --out FILE`: what happened at lines and in zones."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from frametally.analysis.view import View
from frametally.cli.environment import read_settings
from frametally.cli.exit_code import ExitCode
from frametally.cli.results.output import writing
from frametally.cli.results.source import add_arguments, model_of, opened
from frametally.cli.results.tracks_source import tracks_of
from frametally.config.settings import Settings
from frametally.errors import RegionsError
from frametally.exports.region_events import write_events_csv, write_events_parquet
from frametally.regions.background import HEIGHT_PX, sampled_background, small_background
from frametally.regions.crossings import crossings
from frametally.regions.fit import misfits
from frametally.regions.messages import rule_note, rule_sentence, zone_note
from frametally.regions.reasons import why_nothing
from frametally.regions.rules import rule_intervals
from frametally.regions.shapes import MAX_BYTES, RegionSet
from frametally.regions.visits import median_dwell_s, visits
from frametally.tracking.messages import tracking_warning
from frametally.tracking.tracks import Tracks, filtered
from frametally.video.frame_index import build_index
from frametally.video.frame_reader import FrameReader

_WRITERS: Final = {".csv": write_events_csv, ".parquet": write_events_parquet}


def add_parser(commands: Any) -> None:
    """Register the command."""
    parser = commands.add_parser("events", help="count crossings of lines and stays in zones")
    add_arguments(parser)
    parser.add_argument(
        "--regions", type=Path, required=True, metavar="FILE", help="lines and zones, exported from the dashboard"
    )
    parser.add_argument("--confidence", type=float, default=0.25, help="minimum confidence (0.25)")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="write the events to this file, .csv or .parquet"
    )
    parser.set_defaults(execute=lambda options: write_events(options, read_settings()))


def write_events(options: argparse.Namespace, settings: Settings) -> int:
    """Write the table of events and print the counts; returns the exit code.

    Raises:
        FrametallyError: the results, the video or the regions cannot be used, or the table cannot be written.
    """
    if options.out.suffix not in _WRITERS:
        raise RegionsError(f"The format {options.out.suffix or 'of --out'} is not known.", "Use .csv or .parquet.")
    if not 0 <= options.confidence <= 1:
        raise RegionsError(f"--confidence is {options.confidence}.", "Use a number from 0 to 1.")
    regions = read_regions(options.regions)
    with opened(options.results, options.video, settings) as results:
        view = View(results, model_of(results, options.model), options.confidence)
        tracked, displayed_wh = tracks_of(results, view.model, options.video)
        tracks = filtered(tracked, view)
        for warning in [
            tracking_warning(tracked),
            *misfits(regions, displayed_wh, _background(regions, options.video, displayed_wh[1])),
            *_never_held(regions, tracks),
        ]:
            if warning:
                print(warning, file=sys.stderr)
        with writing(options.out):
            _WRITERS[options.out.suffix](view, tracks, regions, options.out)
        print_counts(tracks, regions)
    return ExitCode.OK


def read_regions(path: Path) -> RegionSet:
    """The set in a file.

    Raises:
        RegionsError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return RegionSet.from_json(file.read(MAX_BYTES + 1))
    except OSError as error:
        raise RegionsError(f"{path.name} cannot be read: {error.strerror}.", "Check the path.") from error


def _never_held(regions: RegionSet, tracks: Tracks) -> list[str]:
    notes = [(rule.name, rule_note(rule, tracks.classes)) for rule in regions.rules]
    return [f"{name}: {note}" for name, note in notes if note]


def _background(regions: RegionSet, video: Path | None, height_px: int) -> bytes | None:
    """That of the video, if the set has one to compare it with."""
    if video is None or regions.background is None:
        return None
    with closing(FrameReader(video, build_index(video))) as reader:
        return small_background(sampled_background(reader, min(HEIGHT_PX, height_px)))


def print_counts(tracks: Tracks, regions: RegionSet) -> None:
    """Print a line for each region and rule; why a line counts nothing goes to stderr."""
    for line in regions.lines:
        into, out = crossings(tracks, line).counts(len(tracks.classes)).sum(axis=0).tolist()
        print(f"{line.name}: {into} in, {out} out")
        if reason := why_nothing(tracks, line):
            print(f"{line.name}: {reason}", file=sys.stderr)
    for zone in regions.zones:
        found = visits(tracks, zone)
        median_s = median_dwell_s(found)
        dwell = "" if median_s is None else f", median {median_s:.1f} s"
        entries, exits = int((~found.was_inside).sum()), int((~found.is_open).sum())
        print(f"{zone.name}: entries {entries}, exits {exits}{dwell}")
        if note := zone_note(found):
            print(f"{zone.name}: {note}")
    for interval in rule_intervals(tracks, regions):
        print(rule_sentence(interval))
