"""The audits of a deployment: begun, continued by anyone who may, reported."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Final

import msgspec

from frametally.access.names import names_by_id
from frametally.access.permissions import Action, require
from frametally.access.person import Person, id_of
from frametally.analysis.view import View
from frametally.audit.agreement import Answer, agreed
from frametally.audit.estimates import MIN_FRAMES
from frametally.audit.population import packed
from frametally.audit.seen import Seen, with_earlier
from frametally.errors import AuditError, FrametallyError
from frametally.job import JobStatus
from frametally.ledger.audits.frame_checks import FrameCheck, checks_of, keep_check
from frametally.ledger.audits.planned import PlannedAudit, audits_of, begin_audit
from frametally.ledger.ledger import Ledger
from frametally.rendering.audits.answers import answers
from frametally.rendering.audits.audited_view import AuditedView
from frametally.rendering.audits.counted_sample import CountedSample
from frametally.rendering.audits.frame import Frame, Verdict, frame, seen_in
from frametally.rendering.audits.models import Candidate, OtherModel, other_models
from frametally.rendering.audits.report import Report, report
from frametally.rendering.playback.sources import Source, Sources

MAX_PLANNED: Final = 500
_MAX_OPEN: Final = 12
_MAX_JOBS: Final = 8
"""On one video, whose models are compared; the newest."""
_MAX_MODELS: Final = 8
_MAX_SEED: Final = 2**31


class Audits:
    """Keeps what the most recently used views found. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: OrderedDict[object, AuditedView] = OrderedDict()
        self._samples: OrderedDict[object, CountedSample] = OrderedDict()

    def report(self, ledger: Ledger, source: Source, view: View) -> Report | None:
        """What is known about the view; None: none of its frames were drawn to be checked.

        Raises:
            AuditError: its frames cannot be checked.
        """
        sample = self.sample(ledger, source, view)
        return report(sample, names_by_id(ledger)) if sample else None

    def sample(self, ledger: Ledger, source: Source, view: View) -> CountedSample | None:
        """What was drawn and checked; the same object while that stays the same. None: nothing was drawn.

        Raises:
            AuditError: the frames of the view cannot be checked.
        """
        audited = self._audited(source, view)
        audit = next(_serving(ledger, audited), None)
        return self._sample(ledger, audited, audit) if audit else None

    def _sample(self, ledger: Ledger, audited: AuditedView, audit: PlannedAudit) -> CountedSample:
        sample, key = CountedSample(audited, audit, checks_of(ledger, audited.video)), (audited.view.key, audit.id)
        with self._lock:
            known = self._samples.pop(key, None)
            kept = known if known and known.view is audited and known.checks == sample.checks else sample
            self._samples[key] = kept
            while len(self._samples) > _MAX_OPEN:
                self._samples.popitem(last=False)
            return kept

    def models(self, ledger: Ledger, sources: Sources, source: Source, view: View) -> list[OtherModel]:
        """The other models that were run on the video, beside that of the view, in the checked frames.

        They have the threshold, the class names and the time range of the view.

        Raises:
            AuditError: the frames of the view cannot be checked.
        """
        sample = self.sample(ledger, source, view)
        if sample is None or not sample.clear:
            return []
        video = sample.view.video
        newest = ledger.jobs(statuses=[JobStatus.SUCCEEDED], video_sha256=video, limit=_MAX_JOBS)
        candidates = self._candidates(sources, {job.id: job.created_at for job in newest}, view, video)
        return other_models(sample, islice(candidates, _MAX_MODELS))

    def _candidates(
        self, sources: Sources, jobs: Mapping[str, datetime], view: View, video: str
    ) -> Iterator[Candidate]:
        own = view.results.folder.name
        for job_id in dict.fromkeys([own, *jobs]):
            for other in _readable(sources, job_id, view, video):
                same = replace(
                    other.view, confidence=view.confidence, classes=view.classes, time_range_s=view.time_range_s
                )
                if same.key != view.key:
                    yield Candidate(job_id, None if job_id == own else jobs[job_id], self._audited(other, same))

    def begin(self, ledger: Ledger, source: Source, view: View, planned: int, *, actor: Person | None) -> Report:
        """Draw frames of the view.

        Raises:
            AccessDenied: the person may not check frames.
            AuditError: its frames cannot be checked, or so many cannot be planned.
        """
        require(actor, Action.CHECK_FRAME)
        audited = self._audited(source, view)
        if not MIN_FRAMES <= planned <= MAX_PLANNED:
            raise AuditError(f"An audit has {MIN_FRAMES} to {MAX_PLANNED} frames.", "Choose another number.")
        if len(audited.times) < MIN_FRAMES:
            raise AuditError("Too few frames were analyzed.", "Choose a longer time range.")
        settings = {
            "job": view.results.folder.name,
            "model": view.model,
            "confidence": view.confidence,
            "classes": audited.view.names,
            "time_range_s": view.time_range_s,
        }
        audit = begin_audit(
            ledger,
            audited.video,
            packed(audited.times),
            msgspec.json.encode(settings).decode(),
            seed=secrets.randbelow(_MAX_SEED),
            planned=min(planned, len(audited.times)),
            actor=id_of(actor),
        )
        return report(self._sample(ledger, audited, audit), names_by_id(ledger))

    def frame(self, ledger: Ledger, source: Source, view: View, entry: int, *, actor: str | None) -> Frame:
        """One frame to check, with the person's own answer if there is one, or else the one that is used.

        Raises:
            AuditError: there is no such frame.
        """
        audited = self._audited(source, view)
        time = self._time(audited, entry)
        checks = [check for check in checks_of(ledger, audited.video) if check.time == time]
        own = _own(checks, time, actor)
        used = agreed(_answers(own or checks), audited.groups).get(time)
        shown = frame(audited, entry, used.seen if used else None)
        return msgspec.structs.replace(shown, answers=answers(audited.groups, checks, names_by_id(ledger)))

    def check(
        self, ledger: Ledger, source: Source, view: View, entry: int, verdict: Verdict, *, actor: Person | None
    ) -> None:
        """Keep what a person has seen.

        Raises:
            AccessDenied: the person may not check frames.
            AuditError: there is no such frame, or the answer does not fit it.
        """
        require(actor, Action.CHECK_FRAME)
        audited = self._audited(source, view)
        time = self._time(audited, entry)
        seen, person = seen_in(audited, entry, verdict), id_of(actor)
        for before in _own(checks_of(ledger, audited.video), time, person):
            seen = with_earlier(seen, Seen.from_json(before.seen))
        keep_check(ledger, audited.video, time, seen.to_json(), actor=person)

    def _time(self, audited: AuditedView, entry: int) -> int:
        place = int(audited.entries.searchsorted(entry))
        if place == len(audited.entries) or audited.entries[place] != entry:
            raise AuditError("This frame cannot be checked.", "Reload the page.")
        return int(audited.times[place])

    def _audited(self, source: Source, view: View) -> AuditedView:
        key = (view.key, view.results.written_ns, source.index is None, int(view.results.damaged.sum()))
        with self._lock:
            if key in self._open:
                self._open.move_to_end(key)
                return self._open[key]
            audited = self._open[key] = AuditedView(source, view)
            while len(self._open) > _MAX_OPEN:
                self._open.popitem(last=False)
            return audited


def _readable(sources: Sources, job_id: str, view: View, video: str) -> list[Source]:
    """None of a job whose results are damaged: the others are compared."""
    try:
        return sources.of_job(job_id, view.classes, video)
    except FrametallyError:
        return []


def _serving(ledger: Ledger, audited: AuditedView) -> Iterator[PlannedAudit]:
    return (audit for audit in audits_of(ledger, audited.video) if audited.serves(audit))


def _own(checks: list[FrameCheck], time: int, actor: str | None) -> list[FrameCheck]:
    """What this person has seen in this frame: one check, or none."""
    return [check for check in checks if check.time == time and check.checker == (actor or "")]


def _answers(checks: list[FrameCheck]) -> Iterator[Answer]:
    return (Answer(check.time, check.checker, Seen.from_json(check.seen)) for check in checks)
