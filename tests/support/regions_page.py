"""Drawing lines and zones on the picture of the player, and reading what they count."""

from __future__ import annotations

from collections.abc import Sequence

from playwright.sync_api import Locator, Page, expect

Point = tuple[float, float]
"""In shares of the picture."""
TAB = "section=Lines+%26+zones"


PLACE = """() => {
  const player = globalThis[Symbol.for("frametally.player")];
  const [stage, { left, top, width, height }] = [player.stage.getBoundingClientRect(), player.place()];
  return [stage.left + left, stage.top + top, width, height];
}"""
"""Left, top, width and height of the picture on the screen."""


def place_in_picture(page: Page, point: Point) -> tuple[float, float]:
    """A point of the picture on the screen."""
    left, top, width, height = page.evaluate(PLACE)
    return left + point[0] * width, top + point[1] * height


def tool(page: Page, name: str) -> Locator:
    """A button of the bar below the picture."""
    return page.locator(".player .bar").get_by_role("button", name=name, exact=True)


def draw(page: Page, kind: str, points: Sequence[Point], *, touch: bool = False) -> None:
    """Draw a line by its ends, or a zone by its corners."""
    button = tool(page, kind)
    if touch:
        button.tap()
    else:
        button.click()
    for point in points:
        (page.touchscreen.tap if touch else page.mouse.click)(*place_in_picture(page, point))
    if kind == "Zone":
        (tool(page, "Close zone").tap if touch else tool(page, "Close zone").click)()
    expect(tool(page, "Select")).to_have_attribute("aria-pressed", "true")


def figures(page: Page, name: str) -> dict[str, str]:
    """The numbers of the card of a line or zone."""
    card = page.locator(".regions .card", has=page.get_by_role("heading", name=name))
    expect(card.locator("dd").first).to_be_visible()
    return dict(zip(card.locator("dt").all_inner_texts(), card.locator("dd").all_inner_texts(), strict=True))
