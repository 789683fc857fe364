"""Tells people that jobs have ended, over the channels of the settings: a thread beside the watcher."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final

from frametally.config.settings import Settings
from frametally.errors import JobError, NotificationError
from frametally.job import Job
from frametally.ledger.ledger import Ledger
from frametally.notifications.messages import payload_of, subject_of, text_of
from frametally.notifications.outbox import Channel, Notice, Outbox
from frametally.notifications.smtp import parse_mail_server, send_mail
from frametally.notifications.webhook import post

TEST_TEXT: Final = "This is a test message of Frametally. Jobs that end are told of here."
_LOG = logging.getLogger(__name__)


class Notifier:
    """Sends what is in the outbox. Any number of processes may each run one; each notice is sent by one of them."""

    def __init__(
        self, ledger: Ledger, settings: Settings, clock: Callable[[], datetime], *, look_every_s: float = 2.0
    ) -> None:
        self.outbox = Outbox(ledger)
        self.channels: list[Channel] = [
            *(["webhook"] if settings.webhook_url else []),  # type: ignore[list-item]
            *(["e-mail"] if settings.smtp_url and settings.email_to else []),  # type: ignore[list-item]
        ]
        self._ledger = ledger
        self._settings = settings
        self._clock = clock
        self._look_every_s = look_every_s
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, where there is a channel; a second call changes nothing."""
        if self.channels and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="notifier", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Send no more. What waits is sent after the next start."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def send_due(self) -> int:
        """Send every notice whose turn has come; returns how many were taken."""
        taken = 0
        self.outbox.forget_old(self._clock())
        for channel in self.channels:
            self.outbox.open_channel(channel, self._clock())
            self.outbox.fill(channel, self._clock())
            while not self._stopping.is_set() and (notice := self.outbox.claim(channel, self._clock())):
                taken += self._send(channel, notice)
        return taken

    def send_test(self, channel: Channel) -> None:
        """Send a message that is of no job.

        Raises:
            NoticeError: it was not taken, and why.
        """
        if channel == "webhook":
            self._post({"id": "test", "event": "test", "text": TEST_TEXT})
        else:
            self._mail("A test message of Frametally", TEST_TEXT)

    def _run(self) -> None:
        while not self._stopping.wait(self._look_every_s):
            try:
                self.send_due()
            except Exception:  # a ledger that does not answer for a while
                _LOG.exception("Looking for notices failed; trying again")

    def _send(self, channel: Channel, notice: Notice) -> bool:
        try:
            job = self._ledger.job(notice.job_id)
            self._tell(channel, notice, job)
        except JobError:  # it was removed meanwhile
            self.outbox.is_done(notice)
        except NotificationError as error:
            _LOG.warning("A notice was not taken: %s", error)
            self.outbox.has_failed(notice, self._clock(), str(error), error.retry_after_s)
            return False
        else:
            self.outbox.is_done(notice)
        return True

    def _tell(self, channel: Channel, notice: Notice, job: Job) -> None:
        public_url = self._settings.public_url
        if channel == "webhook":
            self._post(payload_of(notice, job, public_url))
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
        server = parse_mail_server(settings.smtp_url or "")
        send_mail(server, sender=settings.email_from, recipients=settings.email_to, subject=subject, text=text)
