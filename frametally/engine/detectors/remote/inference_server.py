"""The image API of a Roboflow Inference server, asked as the vendor's SDK asks it.

The SDK itself cannot be here: it wants older versions of supervision and numpy than ours, a second OpenCV beside the
headless one, and it has neither timeouts nor semantic segmentation nor gaze detection.
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
"""For one picture, and the first one waits until the server has loaded the model."""
RETRIES: Final = 4
BACKOFF: Final = Backoff(first_s=1.0, max_s=15.0, factor=3)
"""About 30 s together, so that a job survives a restart of the server."""
MAX_WAIT_S: Final = 30.0
"""The wait for a longer `Retry-After`."""
MAX_ANSWER_BYTES: Final = 64 << 20
MAX_QUOTE_CHARS: Final = 200
_PIECE_BYTES: Final = 1 << 18
_HEADERS: Final = {"Content-Type": "application/json", "User-Agent": "frametally-engine", "Accept-Encoding": "identity"}
_CHECK_SERVER: Final = f"Check that a Roboflow Inference server runs there, or correct {SERVERS_SETTING}."


class TemporaryFault(ModelError):
    """A fault that may be over at the next try."""

    def __init__(self, what: str, next_step: str, *, retry_after_s: float = 0.0) -> None:
        super().__init__(what, next_step)
        self.retry_after_s = retry_after_s


class InferenceServer:
    """The server of one model, opened with one key. Safe to share between threads; its connections are kept.

    Frames go to this address and nowhere else: no proxy of the environment is used, and no redirect followed.
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
        self._it = f"{model} cannot be run: the inference server {url}"
        self._answer_s = answer_s
        self._retries = retries
        self._sleep = sleep
        self._pool = urllib3.PoolManager(maxsize=8, retries=False)

    def ask(self, path: str, question: dict[str, Any]) -> Any:
        """The server's answer to a question about one picture.

        Raises:
            ModelError: it does not answer, refuses, or says nothing that is JSON; passing faults were tried again.
        """
        key = {} if self._api_key is None else {"api_key": self._api_key}
        body = msgspec.json.encode({**question, **key})
        return call_with_retries(
            lambda: self._ask_once(path, body),
            on=(TemporaryFault,),
            retries=self._retries,
            backoff=BACKOFF,
            max_wait_s=MAX_WAIT_S,
            sleep=self._sleep,
        )

    def unexpected(self, what: str) -> ModelError:
        """The error for an answer that is none."""
        return ModelError(f"{self._it} answered with {what}.", _CHECK_SERVER)

    def _ask_once(self, path: str, body: bytes) -> Any:
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
                f"{self._it} failed: {describe_fault(error)}.", "Check that it runs, then run the job again."
            ) from error
        if response.status != HTTPStatus.OK:
            raise self._refusal(response, answer)
        try:
            return msgspec.json.decode(answer)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self.unexpected("something that is not JSON") from error

    def _read(self, response: urllib3.BaseHTTPResponse, give_up_s: float) -> bytes:
        """The whole body; a connection whose body was not read to its end is not used again."""
        body = bytearray()
        try:
            # read1 hands over what has come: a server that drips must not keep us from looking at the clock
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
        """The error for an answer that is not 200."""
        said = self._safe(_complaint(answer))
        what = f"{self._it} answered {response.status}{f': {said}' if said else ''}."
        if response.status == HTTPStatus.TOO_MANY_REQUESTS or response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            next_step = "The log of that server says more; then run the job again."
            return TemporaryFault(what, next_step, retry_after_s=_retry_after_s(response.headers.get("Retry-After")))
        wants_key = self._api_key is None and "api key" in said.lower()
        if wants_key or response.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            return ModelError(what, f"Set {KEY_SETTING} to a key that opens the model.")
        return ModelError(what, _NEXT_STEPS.get(response.status, "Change what the job asks of this model."))

    def _safe(self, text: str) -> str:
        """A foreign text as a message may show it: on one line, short, without the key."""
        line = " ".join(text.replace(self._api_key, "…").split() if self._api_key else text.split()).rstrip(".")
        return line if len(line) <= MAX_QUOTE_CHARS else f"{line[:MAX_QUOTE_CHARS]}…"


_NEXT_STEPS: Final = {
    **dict.fromkeys((301, 302, 303, 307, 308), f"Give the address that it redirects to in {SERVERS_SETTING}."),
    **dict.fromkeys((404, 405), f"Check the model's id and version. {_CHECK_SERVER}"),
    410: f"Another version of the server may still have it: name one in {SERVERS_SETTING}.",
}


def _retry_after_s(header: str | None) -> float:
    return min(parse_retry_after(header) or 0.0, MAX_WAIT_S)


def _complaint(body: bytes) -> str:
    """What the server says of its refusal: `message`, or `detail`, as text or as a list of what is wrong where."""
    try:
        answer = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    said = answer.get("message") or answer.get("detail")
    if isinstance(said, list):
        return "; ".join(_wrong(item) for item in said if isinstance(item, dict))
    return said if isinstance(said, str) else ""


def _wrong(item: dict[str, Any]) -> str:
    where = item.get("loc")
    name = where[-1] if isinstance(where, list) and where else "the request"
    return f"{name}: {item.get('msg', 'is wrong')}"
