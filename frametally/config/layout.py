"""Where each kind of data is below the data folder, and which of it a backup contains.

Backup, restore, the tests of job deletion and the table in docs/architecture.md all follow from this declaration.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from frametally.config.settings import Settings

BackupPart = Literal["secrets", "videos", "models"]
"""What a backup contains only on request; `secrets` is requested by default."""
BackupRule = Literal["always", "snapshot", "secrets", "videos", "models", "never"]

_RULE_TEXTS: Final[dict[BackupRule, str]] = {
    "always": "always",
    "snapshot": "always, as a snapshot",
    "secrets": "unless `--no-secrets`",
    "videos": "`--videos`",
    "models": "`--models`",
    "never": "no",
}
_NAMES: Final = {
    "<job>": r"(?P<job>[A-Za-z0-9-]{1,64})",
    "<sha256>": r"(?P<sha256>[0-9a-f]{64})",
    "<id>": r"[0-9a-f-]{1,64}",
    "<model id>": r"[^/.][^/]{0,254}",
    "<version>": r"[^/.][^/]{0,254}",
}
_BELOW: Final = r"(/[^/]{1,255}){1,8}"


@dataclass(frozen=True, kw_only=True)
class Place:
    """One kind of data."""

    path: str
    """Relative to the data folder, with `<…>` for a variable name; a folder ends with `/`."""
    content: str
    backup: BackupRule
    removed: str
    """When the dashboard deletes it."""
    is_private: bool = False
    """Whether only the owner may read it."""
    restored_as: str = ""
    """Glob of what a restore replaces at once; by default each instance of `path`."""

    @property
    def pattern(self) -> re.Pattern[str]:
        """Matches the path of each file that belongs to this place."""
        parts = [_NAMES.get(part) or re.escape(part) for part in self.path.rstrip("/").split("/")]
        return re.compile("/".join(parts) + (_BELOW if self.path.endswith("/") else ""))

    @property
    def glob(self) -> str:
        """Matches the path of each instance, and perhaps of other places."""
        return re.sub(r"<[^>]+>", "*", self.path.rstrip("/"))

    @property
    def replaced(self) -> str:
        """Glob of what a restore replaces at once."""
        return self.restored_as or self.glob

    def is_in_backup(self, parts: list[BackupPart]) -> bool:
        """Whether a backup with these parts contains the files of this place."""
        return self.backup == "always" or self.backup in parts

    def instances(self, settings: Settings) -> Iterator[tuple[str, Path]]:
        """(path relative to the data folder, file or folder) of each instance on disk, sorted."""
        first, _, rest = self.glob.partition("/")
        root = locate(settings, first)
        for found in sorted(root.glob(rest)) if rest else [root]:
            name = "/".join([first, *found.relative_to(root).parts])
            if found.exists() and self.pattern.fullmatch(f"{name}/x" if found.is_dir() else name):
                yield name, found


LAYOUT: Final = (
    Place(
        path="frametally.db",
        content="the ledger, if it is SQLite (with `-wal` and `-shm`)",
        backup="snapshot",
        removed="never",
    ),
    Place(
        path="secret",
        content="link secret: signs links and tickets, identifies API keys",
        backup="secrets",
        removed="never",
        is_private=True,
    ),
    Place(
        path="colors.json",
        content="color of each class name",
        backup="always",
        removed="never",
    ),
    Place(
        path="in-use",
        content="lock: shared by every process that has the folder open, exclusive for a restore",
        backup="never",
        removed="never",
    ),
    Place(
        path="results/<job>/",
        content="original results (`results.json.zst`, by earlier versions `.gz`), their sha256 and index of entries, "
        "`notes.json`, Parquet tables, cubes, `labels.truth` (labels that a person chose)",
        backup="always",
        removed="with the job, one hour after *Delete*, or after `FRAMETALLY_KEEP_RESULTS_DAYS`",
        restored_as="results",
    ),
    Place(
        path="results/<job>/derived/",
        content="annotated videos, exported tables, tracks, sparklines; can be created again",
        backup="never",
        removed="with the job, or when its results are ingested again; tables after a day, the oldest videos above a "
        "size limit",
    ),
    Place(
        path="media/videos/<sha256>/",
        content="a stored video, its properties, frame index and thumbnail",
        backup="videos",
        removed="by a user (*Storage*), or as `FRAMETALLY_KEEP_VIDEOS_…` say",
    ),
    Place(
        path="media/videos/<sha256>/derived/",
        content="copies for browsers that cannot play the original, and the background; can be created again",
        backup="never",
        removed="with the video; the least recently requested to make room for videos and newer copies",
    ),
    Place(
        path="media/uploads/<id>/",
        content="an upload in progress",
        backup="never",
        removed="a day after the last chunk",
    ),
    Place(
        path="stored/<id>/",
        content="with object storage: which folders are complete in it, so that their files here can be removed",
        backup="never",
        removed="with the folder",
    ),
    Place(
        path="shares/<id>/",
        content="the brief that a link serves, with its pictures",
        backup="always",
        removed="when the link expires or is ended, or its job is removed",
        restored_as="shares",
    ),
    Place(
        path="models/<model id>/<version>/",
        content="`model.onnx`, optional `classes.txt` and `model.json`; `derived/`: the result of its examination, "
        "can be created again",
        backup="models",
        removed="never",
    ),
    Place(
        path="engine/key",
        content="API key of the built-in engine",
        backup="secrets",
        removed="never",
        is_private=True,
    ),
    Place(
        path="engine/uploads/<id>",
        content="a video uploaded to the engine",
        backup="never",
        removed="after `FRAMETALLY_ENGINE_KEEP_S`",
    ),
    Place(
        path="engine/jobs/<id>/",
        content="the engine's spool: its files are the state of the job",
        backup="never",
        removed="`FRAMETALLY_ENGINE_KEEP_S` after its end",
    ),
    Place(
        path="engine/cluster/",
        content="plans and results of the pieces of jobs that run on a cluster",
        backup="never",
        removed="with the end of the job",
    ),
    Place(
        path="engine/worker.lock",
        content="lock: one worker per folder",
        backup="never",
        removed="never",
    ),
    Place(
        path=".restore/",
        content="a restore in progress",
        backup="never",
        removed="at the end of the restore",
    ),
)


def top_names() -> list[str]:
    """Patterns of the names directly below the data folder; SQLite adds endings to that of the ledger."""
    names = {place.path.partition("/")[0] for place in LAYOUT}
    return sorted(f"{name}*" if name.endswith(".db") else name for name in names)


def place_of(name: str) -> Place | None:
    """The most specific place of a file, given its path relative to the data folder; None if it belongs to none."""
    matching = [place for place in LAYOUT if place.pattern.fullmatch(name)]
    return max(matching, key=lambda place: place.path.count("/"), default=None)


def locate(settings: Settings, name: str) -> Path:
    """The path on disk; models may be outside of the data folder."""
    first, _, rest = name.partition("/")
    return settings.models_dir / rest if first == "models" else settings.data_dir / name


def layout_table() -> str:
    """The table of docs/architecture.md."""
    rows = [f"| `{place.path}` | {place.content} | {_RULE_TEXTS[place.backup]} | {place.removed} |" for place in LAYOUT]
    return "\n".join(["| path | content | backup | removed |", "| --- | --- | --- | --- |", *rows])
