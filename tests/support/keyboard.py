"""Walking through a page with the keyboard alone."""

from __future__ import annotations

import re

from playwright.sync_api import Page

MAX_TABS = 150
MAX_NAME = 60
"""Characters of a name; a part of the page that can be scrolled has the focus too, with all of its text."""
FOCUSED = """() => {
  let element = document.activeElement;
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  if (!element || element === document.body) return "";
  const label = element.labels?.[0]?.textContent;
  return (element.getAttribute("aria-label") || label || element.textContent || element.title || "").trim();
}"""
"""The name of the element with the focus, also inside of components."""


def tab_to(page: Page, name: str, *, key: str = "Tab") -> None:
    """Press Tab until an element whose name contains this one has the focus."""
    seen = []
    for _ in range(MAX_TABS):
        page.keyboard.press(key)
        focused = re.sub(r"\s+", " ", page.evaluate(FOCUSED))
        if name in focused and len(focused) <= MAX_NAME:
            return
        seen.append(focused)
    raise AssertionError(f"{name!r} was not reached from {seen}")
