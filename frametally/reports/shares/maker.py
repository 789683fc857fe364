"""Makes briefs of jobs from what a deployment keeps."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from frametally.access.permissions import only_owner
from frametally.access.person import Person
from frametally.analysis.view import Progress
from frametally.ledger.audits.frame_checks import checks_version
from frametally.ledger.audits.planned import audits_of
from frametally.ledger.ledger import Ledger
from frametally.ledger.moment_notes import notes_of
from frametally.ledger.region_sets import camera_of, set_of
from frametally.library.library import Library
from frametally.reports.brief import Brief
from frametally.reports.request import BriefRequest
from frametally.results import results_version
from frametally.video.picture_key import picture_key_of_job


@dataclass(frozen=True, kw_only=True)
class JobBriefs:
    """Makes briefs of the jobs of one deployment."""

    ledger: Ledger
    library: Library
    results_dir: Path
    models_dir: Path
    colors: Callable[[Iterable[str]], Mapping[str, str]]

    def make(
        self, request: BriefRequest, *, maker: Person, made_at: datetime, progress: Progress | None = None
    ) -> Brief:
        """The brief, of what the person sees; see `make_brief` and `job_sources` for the errors."""
        # They import what draws and encodes, which a server does not need to start.
        from frametally.reports.job_sources import job_sources
        from frametally.reports.making import make_brief

        sources = job_sources(
            self.ledger.job(request.view.job_ids[0]),
            ledger=self.ledger.seen_by(only_owner(maker)),
            library=self.library,
            results_dir=self.results_dir,
            models_dir=self.models_dir,
            colors=self.colors,
        )
        return make_brief(sources, request, made_by=maker.name if maker.id else "", made_at=made_at, progress=progress)

    def fingerprint(self, request: BriefRequest) -> str:
        """Changes with results, notes, checked frames, lines and zones."""
        job = self.ledger.job(request.view.job_ids[0])
        keys = [picture_key_of_job(job.id, 0).video, *([job.video_sha256] if job.video_sha256 else [])]
        video, camera = job.video_sha256, camera_of(self.ledger, job.id)
        regions = set_of(self.ledger, camera) if camera else None
        seen = [
            results_version(self.results_dir / job.id),
            [(note.id, note.text) for key in keys for note in notes_of(self.ledger, key)],
            (regions.camera, regions.revision) if regions else None,
            video and [[audit.id for audit in audits_of(self.ledger, video)], checks_version(self.ledger, video)],
        ]
        return hashlib.sha256(msgspec.json.encode(seen)).hexdigest()
