"""The notifier: a thread that sends notices through the configured channels."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from frametally.access.permissions import Action, require
from frametally.access.person import Person
from frametally.config.settings import Settings
from frametally.config.smtp_server import parse_smtp_server
from frametally.errors import JobError, NotificationError
from frametally.job import Job, JobStatus
from frametally.ledger.ledger import Ledger
from frametally.notifications.messages import TEST_SUBJECT, TEST_TEXT, payload_of, rule_payload, subject_of, text_of
from frametally.notifications.outbox import RULE_STATUS, Channel, Notice, Outbox
from frametally.notifications.rule_reports import report_with
from frametally.notifications.smtp import send_mail
from frametally.notifications.webhook import post

_LOG = logging.getLogger(__name__)


class Notifier:
    """Sends the notices of the outbox. Each process may run one notifier; each notice is claimed by one of them."""

    def __init__(
        self,
        ledger: Ledger,
        settings: Settings,
        clock: Callable[[], datetime],
        *,
        interval_s: float = 2.0,
        share_link: Callable[[Job], str | None] | None = None,
    ) -> None:
        """`share_link`: makes a link that shows a job that is done without an account; None: if that is impossible."""
        self.outbox = Outbox(ledger)
        self.channels: list[Channel] = [
            *(["webhook"] if settings.webhook_url else []),  # type: ignore[list-item]
            *(["e-mail"] if settings.smtp_url and settings.email_to else []),  # type: ignore[list-item]
        ]
        self._ledger = ledger
        self._settings = settings
        self._clock = clock
        self._interval_s = interval_s
        self._share_link = share_link
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread if a channel is configured. Idempotent."""
        if self.channels and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="notifier", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Stop the thread. Pending notices are sent after the next start."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def send_due(self) -> int:
        """Send every notice that is due; returns the number of those that were accepted or whose job was removed."""
        accepted = 0
        self.outbox.remove_old(self._clock())
        for channel in self.channels:
            self.outbox.open_channel(channel, self._clock())
            self.outbox.fill(channel, self._clock())
            while not self._stopping.is_set() and (notice := self.outbox.claim(channel, self._clock())):
                accepted += self._send(channel, notice)
        return accepted

    def send_test(self, channel: Channel, *, actor: Person | None) -> None:
        """Send a test message, without a job.

        Raises:
            AccessDenied: the person may not send test messages.
            NotificationError: it was not accepted.
        """
        require(actor, Action.TEST_NOTIFICATIONS)
        if channel == "webhook":
            self._post({"id": "test", "event": "test", "text": TEST_TEXT})
        else:
            self._mail(TEST_SUBJECT, TEST_TEXT)

    def _run(self) -> None:
        while not self._stopping.wait(self._interval_s):
            try:
                self.send_due()
            except Exception:  # the ledger may be unavailable for a while
                _LOG.exception("Sending notifications failed; trying again")

    def _send(self, channel: Channel, notice: Notice) -> bool:
        try:
            job = self._ledger.job(notice.job_id)
            self._deliver(channel, notice, job)
        except JobError:  # the job was removed
            self.outbox.mark_sent(notice)
        except NotificationError as error:
            _LOG.warning("A notification was not accepted: %s", error)
            self.outbox.mark_failed(notice, self._clock(), str(error), error.retry_after_s)
            return False
        else:
            self.outbox.mark_sent(notice)
        return True

    def _deliver(self, channel: Channel, notice: Notice, job: Job) -> None:
        public_url = self._settings.public_url
        if notice.status == RULE_STATUS:
            if report := report_with(self._ledger, notice.event_id):
                self._post(rule_payload(report, job, public_url))
        elif channel == "webhook":
            is_done = notice.status == JobStatus.SUCCEEDED and job.status is JobStatus.SUCCEEDED
            shared = self._share_link(job) if self._share_link and is_done else None
            self._post(payload_of(notice, job, public_url, shared))
        else:
            self._mail(subject_of(notice, job), text_of(notice, job, public_url))

    def _post(self, message: dict[str, object]) -> None:
        settings = self._settings
        post(
            settings.webhook_url or "",
            message,
            secret=settings.webhook_secret,
            private_urls=settings.webhook_private_urls,
            now=self._clock(),
        )

    def _mail(self, subject: str, text: str) -> None:
        settings = self._settings
        server = parse_smtp_server(settings.smtp_url or "")
        send_mail(server, sender=settings.email_from, recipients=settings.email_to, subject=subject, text=text)
