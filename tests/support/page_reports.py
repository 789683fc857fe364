"""What a page showed when a browser test failed: in the report of the test, as a remote machine keeps no pictures."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator

import pytest
from playwright.sync_api import ConsoleMessage, Error, Page, Request, Response

from tests.support.dashboards import Dashboard

MAX_MESSAGES = 30
MAX_TEXT = 1500
MAX_LOG = 2000

TEXTS = """() => {
  const roots = [document.body, ...[...document.querySelectorAll("*")].flatMap((element) => element.shadowRoot ?? [])];
  return roots.map((root) => (root.innerText ?? [...root.children].map((child) => child.innerText).join(" "))
    .replace(/\\s+/g, " ").trim()).filter(Boolean);
}"""
"""The visible text of the page and of each component."""

messages: deque[str] = deque(maxlen=MAX_MESSAGES)
"""Errors and warnings of the console, and requests that failed, since the test began."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    page = item.funcargs.get("page") if isinstance(item, pytest.Function) else None
    if not isinstance(page, Page):
        return (yield)
    messages.clear()
    listeners = {"console": _on_console, "pageerror": _on_error, "requestfailed": _on_failure, "response": _on_response}
    for event, listener in listeners.items():
        page.on(event, listener)  # type: ignore[call-overload]
    try:
        return (yield)
    finally:
        for event, listener in listeners.items():
            page.remove_listener(event, listener)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    fixtures = item.funcargs if isinstance(item, pytest.Function) else {}
    page, dashboard = fixtures.get("page"), fixtures.get("dashboard")
    if call.when == "call" and report.failed and isinstance(page, Page):
        report.sections.append(("page", described(page)))
        if isinstance(dashboard, Dashboard):
            report.sections.append(("log of the dashboard", dashboard.log.read_text()[-MAX_LOG:]))
    return report


def described(page: Page) -> str:
    try:
        texts = [text[:MAX_TEXT] for text in page.evaluate(TEXTS)]
    except Error as error:
        texts = [str(error)]
    return "\n".join([page.url, *texts, *messages])


def _on_console(said: ConsoleMessage) -> None:
    if said.type in ("error", "warning"):
        messages.append(f"{said.type}: {said.text}")


def _on_error(error: Error) -> None:
    messages.append(f"script: {error}")


def _on_failure(request: Request) -> None:
    messages.append(f"{request.failure}: {request.method} {request.url}")


def _on_response(answer: Response) -> None:
    if answer.status >= 400:
        messages.append(f"{answer.status}: {answer.url}")
