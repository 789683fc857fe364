"""`frametally track RESULTS --out FILE`: join the boxes of results to tracks."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from frametally.analysis.view import View
from frametally.cli.environment import read_settings
from frametally.cli.exit_code import ExitCode
from frametally.cli.results.output import writing
from frametally.cli.results.plain import plain
from frametally.cli.results.source import add_arguments, model_of, opened
from frametally.cli.results.tracks_source import tracks_of
from frametally.config.settings import Settings
from frametally.errors import SettingsError
from frametally.exports.cvat_video import write_cvat_video
from frametally.exports.mot import write_mot
from frametally.exports.track_tables import write_tracks_csv, write_tracks_parquet
from frametally.tracking.messages import tracking_warning
from frametally.tracking.settings import TrackerSettings
from frametally.tracking.spans import spans_of
from frametally.tracking.tracks import Tracks

_ENDINGS = ".parquet, .csv, .txt (MOT) or .xml (CVAT for video)"


def add_parser(commands: Any) -> None:
    """Register the command."""
    defaults = TrackerSettings()
    parser = commands.add_parser("track", help="join boxes to tracks and count unique objects")
    add_arguments(parser)
    parser.add_argument("--confidence", type=float, default=0.25, help="minimum confidence of what is written (0.25)")
    parser.add_argument(
        "--buffer",
        type=float,
        default=defaults.buffer_s,
        metavar="SECONDS",
        help=f"how long a track is continued without boxes ({defaults.buffer_s:g})",
    )
    parser.add_argument(
        "--min-length",
        type=float,
        default=defaults.min_length_s,
        metavar="SECONDS",
        help=f"shortest track that counts ({defaults.min_length_s:g})",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help=f"write the tracks: {_ENDINGS}")
    parser.set_defaults(execute=lambda options: write_tracks(options, read_settings()))


def write_tracks(options: argparse.Namespace, settings: Settings) -> int:
    """Write the tracks, print the number of objects of each class and return the exit code.

    Raises:
        FrametallyError: the results, the video or an option cannot be used, or the tracks cannot be written.
    """
    tracker = _checked(options)
    with opened(options.results, options.video, settings) as results:
        view = View(results, model_of(results, options.model), options.confidence)
        tracks = tracks_of(results, view.model, options.video, tracker).tracks
        with writing(options.out):
            _write(options, view, tracks)
        _print_counts(view, tracks)
    return ExitCode.OK


def _checked(options: argparse.Namespace) -> TrackerSettings:
    if options.out.suffix not in (".parquet", ".csv", ".txt", ".xml"):
        raise SettingsError(f"The format {options.out.suffix or 'of --out'} is not known.", f"Use {_ENDINGS}.")
    if not 0 <= options.confidence <= 1:
        raise SettingsError(f"--confidence is {options.confidence}.", "Use a number from 0 to 1.")
    if not (0 <= options.buffer <= 3600 and 0 <= options.min_length <= 3600):
        raise SettingsError("--buffer or --min-length is out of range.", "Use seconds from 0 to 3600.")
    return TrackerSettings(buffer_s=options.buffer, min_length_s=options.min_length)


def _write(options: argparse.Namespace, view: View, tracks: Tracks) -> None:
    match options.out.suffix:
        case ".parquet":
            write_tracks_parquet(view, tracks, options.out)
        case ".csv":
            write_tracks_csv(view, tracks, options.out)
        case ".txt":
            write_mot(view, tracks, options.out)
        case _:
            write_cvat_video(view, tracks, options.out, options.video.name if options.video else view.model)


def _print_counts(view: View, tracks: Tracks) -> None:
    warning = tracking_warning(tracks)
    if warning:
        print(warning, file=sys.stderr)
    print(f"  {'class':24} {'objects':>8}")
    for name, count in zip(view.names, spans_of(tracks).counts(view).tolist(), strict=True):
        print(f"  {plain(name):24} {count:8d}")
