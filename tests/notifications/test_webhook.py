"""Webhook messages: content, signature, and the secrets that no message or error contains."""

from __future__ import annotations

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from frametally.clock import utc_now
from frametally.errors import NotificationError
from frametally.job import JobStatus
from frametally.ledger.ledger import Ledger
from frametally.notifications.messages import TEST_TEXT, escape_chat_markup
from frametally.notifications.webhook import post, signature_headers
from tests.notifications.conftest import SECRET, Receiver, end_job, make_notifier, settings_for
from tests.support.ledgers import START, Clock

MESSAGE = {"id": "test"}


def test_message_describes_the_job_for_people_and_programs(ledger: Ledger, clock: Clock, receiver: Receiver) -> None:
    notifier = make_notifier(ledger, settings_for(receiver, public_url="https://tally.example.com"), clock)
    end_job(ledger, "a", video_name="dock.mp4", frames=20)
    end_job(ledger, "b", JobStatus.FAILED, failure="The kept video is gone.")
    notifier.send_due()
    done, failed = receiver.messages
    assert done["text"] == (
        "dock.mp4 is done (motion/1, on the built-in engine).\nhttps://tally.example.com/analytics?job=a"
    )
    assert done["url"] == "https://tally.example.com/analytics?job=a"
    assert (done["job"]["frames"], done["job"]["models"]) == (20, ["motion/1"])
    assert done["job"]["ended_at"] == START.isoformat()
    assert "has failed" in failed["text"]
    assert "The kept video is gone." in failed["text"]
    assert failed["url"] == "https://tally.example.com/jobs"


def test_message_contains_no_key_signed_link_or_chat_markup(ledger: Ledger, clock: Clock, receiver: Receiver) -> None:
    notifier = make_notifier(ledger, settings_for(receiver), clock)
    end_job(
        ledger,
        "a",
        JobStatus.FAILED,
        video_name="<!channel> & <https://evil|dock>.mp4",
        video_url="https://storage/v.mp4?X-Amz-Signature=S3cret",
        upload_url="https://storage/u?sig=S3cret",
        key_id="fingerprint",
        failure="GET https://storage/v.mp4?X-Amz-Signature=S3cret&api_key=S3cret returned 403.",
    )
    notifier.send_due()
    (_, body), (message,) = receiver.requests[0], receiver.messages
    assert b"S3cret" not in body
    assert b"fingerprint" not in body
    assert "https://storage/v.mp4?… returned 403." in message["text"]
    assert "<" not in message["text"]
    assert "&lt;!channel&gt; &amp;" in message["text"]


def test_text_without_markup_is_not_escaped() -> None:
    assert escape_chat_markup("see https://h/p, now") == "see https://h/p, now"


@pytest.mark.parametrize(("secret", "key"), [(SECRET, SECRET), ("any text", b"any text")])
def test_signature_is_verified_by_standardwebhooks(receiver: Receiver, secret: str, key: str | bytes) -> None:
    post(receiver.url, MESSAGE, secret=secret, private_urls=True, now=utc_now())
    headers, body = receiver.requests[0]
    assert headers["webhook-id"] == MESSAGE["id"]
    assert Webhook(key).verify(body, headers) == MESSAGE
    with pytest.raises(WebhookVerificationError):
        Webhook(b"another secret").verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(key).verify(body + b" ", headers)


def test_signature_contains_the_time_of_sending() -> None:
    headers = signature_headers(SECRET, "a:1", b"{}", START)
    assert headers["webhook-timestamp"] == str(int(START.timestamp()))


def test_message_is_not_signed_without_a_secret(ledger: Ledger, clock: Clock, receiver: Receiver) -> None:
    make_notifier(ledger, settings_for(receiver, webhook_secret=None), clock).send_test("webhook", actor=None)
    assert "webhook-signature" not in receiver.requests[0][0]
    assert receiver.messages == [{"id": "test", "event": "test", "text": TEST_TEXT}]


def test_invalid_secret_is_reported_and_not_quoted(receiver: Receiver) -> None:
    with pytest.raises(NotificationError, match="FRAMETALLY_WEBHOOK_SECRET") as caught:
        post(receiver.url, MESSAGE, secret="whsec_a", private_urls=True, now=START)
    assert "whsec_a" not in str(caught.value)
    assert receiver.requests == []


def test_private_webhook_must_be_allowed(receiver: Receiver) -> None:
    with pytest.raises(NotificationError, match="FRAMETALLY_WEBHOOK_PRIVATE_URLS"):
        post(receiver.url, MESSAGE, secret=None, private_urls=False, now=START)
    assert receiver.requests == []


def test_invalid_url_is_reported() -> None:
    with pytest.raises(NotificationError, match="FRAMETALLY_WEBHOOK_URL"):
        post("ftp://host/", MESSAGE, secret=None, private_urls=True, now=START)


def test_errors_do_not_contain_the_path_of_the_webhook(receiver: Receiver) -> None:
    receiver.responses = [(404, {})]
    closed = receiver.url.replace(f":{receiver.server_port}", ":9")
    for url in (receiver.url, closed, closed.replace("127.0.0.1", "nowhere.invalid")):
        with pytest.raises(NotificationError) as caught:
            post(url, MESSAGE, secret=SECRET, private_urls=True, now=START)
        texts = [str(caught.value), repr(caught.value.__cause__), repr(caught.value.__context__)]
        assert not any("hook-path-is-secret" in text or SECRET in text for text in texts)
