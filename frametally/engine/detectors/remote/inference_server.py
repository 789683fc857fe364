"""Client for the image API of a Roboflow Inference server, with the same requests as the vendor's SDK.

The SDK itself is not used: it requires older versions of supervision and numpy, a second OpenCV next to the headless
one, and it has neither timeouts nor semantic segmentation nor gaze detection.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

import msgspec
import urllib3
from urllib3 import exceptions

from frametally.backoff import Backoff
from frametally.config.inference_servers import KEY_SETTING, SERVERS_SETTING
from frametally.errors import ModelError
from frametally.network.faults import describe_fault
from frametally.network.retry import call_with_retries, parse_retry_after

CONNECT_S: Final = 5.0
ANSWER_S: Final = 120.0
"""Time limit of one request; the first one includes the time in which the server loads the model."""
RETRIES: Final = 4
BACKOFF: Final = Backoff(first_s=1.0, max_s=15.0, factor=3)
"""The waits add up to about 30 s, so that a job survives a restart of the server."""
MAX_WAIT_S: Final = 30.0
"""Maximum wait; a longer `Retry-After` is shortened to it."""
MAX_ANSWER_BYTES: Final = 64 << 20
MAX_QUOTE_CHARS: Final = 200
_PIECE_BYTES: Final = 1 << 18
_HEADERS: Final = {"Content-Type": "application/json", "User-Agent": "frametally-engine", "Accept-Encoding": "identity"}
_CHECK_SERVER: Final = f"Check that a Roboflow Inference server runs there, or correct {SERVERS_SETTING}."


class TemporaryFault(ModelError):
    """A failed request that may succeed when retried."""

    def __init__(self, what: str, next_step: str, *, retry_after_s: float = 0.0) -> None:
        super().__init__(what, next_step)
        self.retry_after_s = retry_after_s


class InferenceServer:
    """The server of one model, used with one key. Thread-safe; connections are reused.

    Frames are sent to this address only: proxies of the environment are not used, redirects are not followed.
    """

    def __init__(
        self,
        url: str,
        api_key: str | None,
        *,
        model: str,
        answer_s: float = ANSWER_S,
        retries: int = RETRIES,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = url
        self._api_key = api_key
        self._subject = f"{model} cannot be run: the inference server {url}"
        self._answer_s = answer_s
        self._retries = retries
        self._sleep = sleep
        self._pool = urllib3.PoolManager(maxsize=8, retries=False)

    def post(self, path: str, request: dict[str, Any]) -> Any:
        """Send a request about one picture and return the decoded JSON response; temporary failures are retried.

        Raises:
            ModelError: the server does not respond, rejects the request, or does not return JSON.
        """
        key = {} if self._api_key is None else {"api_key": self._api_key}
        body = msgspec.json.encode({**request, **key})
        return call_with_retries(
            lambda: self._post_once(path, body),
            on=(TemporaryFault,),
            retries=self._retries,
            backoff=BACKOFF,
            max_wait_s=MAX_WAIT_S,
            sleep=self._sleep,
        )

    def unexpected(self, what: str) -> ModelError:
        """The error for an unexpected response."""
        return ModelError(f"{self._subject} returned {what}.", _CHECK_SERVER)

    def _post_once(self, path: str, body: bytes) -> Any:
        give_up_s = time.monotonic() + self._answer_s
        timeout = urllib3.Timeout(connect=CONNECT_S, read=self._answer_s)
        try:
            response = self._pool.request(
                "POST",
                self._url + path,
                body=body,
                headers=_HEADERS,
                timeout=timeout,
                redirect=False,
                preload_content=False,
            )
            answer = self._read(response, give_up_s)
        except exceptions.HTTPError as error:
            raise TemporaryFault(
                f"{self._subject} failed: {describe_fault(error)}.", "Check that it runs, then run the job again."
            ) from error
        if response.status != HTTPStatus.OK:
            raise self._refusal(response, answer)
        try:
            return msgspec.json.decode(answer)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self.unexpected("a response that is not JSON") from error

    def _read(self, response: urllib3.BaseHTTPResponse, give_up_s: float) -> bytes:
        """The whole body; a connection whose body was not read completely is not reused."""
        body = bytearray()
        try:
            # read1 returns partial data, so that the deadline is also checked if a server sends very slowly
            while piece := response.read1(_PIECE_BYTES):
                body += piece
                if len(body) > MAX_ANSWER_BYTES:
                    raise self.unexpected(f"more than {MAX_ANSWER_BYTES:,} bytes")
                if time.monotonic() > give_up_s:
                    raise exceptions.TimeoutError
        except BaseException:
            response.close()
            raise
        response.release_conn()
        return bytes(body)

    def _refusal(self, response: urllib3.BaseHTTPResponse, answer: bytes) -> ModelError:
        """The error for a response other than 200."""
        detail = self._redact(_error_message(answer))
        what = f"{self._subject} returned {response.status}{f': {detail}' if detail else ''}."
        if response.status == HTTPStatus.TOO_MANY_REQUESTS or response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            next_step = "Check the log of that server, then retry the job."
            return TemporaryFault(what, next_step, retry_after_s=_retry_after_s(response.headers.get("Retry-After")))
        wants_key = self._api_key is None and "api key" in detail.lower()
        if wants_key or response.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            return ModelError(what, f"Set {KEY_SETTING} to a key with access to the model.")
        return ModelError(what, _NEXT_STEPS.get(response.status, "Change the parameters of the job for this model."))

    def _redact(self, text: str) -> str:
        """A message of the server on one line, shortened, without the key."""
        line = " ".join(text.replace(self._api_key, "…").split() if self._api_key else text.split()).rstrip(".")
        return line if len(line) <= MAX_QUOTE_CHARS else f"{line[:MAX_QUOTE_CHARS]}…"


_NEXT_STEPS: Final = {
    **dict.fromkeys((301, 302, 303, 307, 308), f"Set the address that it redirects to in {SERVERS_SETTING}."),
    **dict.fromkeys((404, 405), f"Check the model's id and version. {_CHECK_SERVER}"),
    410: f"Another version of the server may still have the model: set its address in {SERVERS_SETTING}.",
}


def _retry_after_s(header: str | None) -> float:
    return min(parse_retry_after(header) or 0.0, MAX_WAIT_S)


def _error_message(body: bytes) -> str:
    """The server's error message: `message` or `detail`, as text or as a list of validation errors."""
    try:
        answer = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    message = answer.get("message") or answer.get("detail")
    if isinstance(message, list):
        return "; ".join(_validation_error(item) for item in message if isinstance(item, dict))
    return message if isinstance(message, str) else ""


def _validation_error(item: dict[str, Any]) -> str:
    location = item.get("loc")
    name = location[-1] if isinstance(location, list) and location else "the request"
    return f"{name}: {item.get('msg', 'is invalid')}"
