"""The small pages of links: for the password, and where there is nothing to show. They tell nothing of the view."""

from __future__ import annotations

import html
from base64 import b64encode
from hashlib import sha256
from typing import Final

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #59636e; --paper: #fff; --line: #8c959f; --act: #0b6e5f; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #9aa4af; --paper: #0e1117; --line: #6e7681; --act: #3ecfab; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 24rem; }
h1 { margin: 0 0 .5rem; font-size: 1.375rem; line-height: 1.3; }
p { margin: 0 0 1.25rem; color: var(--soft); }
label { display: block; margin-bottom: .25rem; font-weight: 600; }
input, button { width: 100%; min-height: 44px; padding: 0 .75rem; font: inherit; border-radius: .5rem; }
input { margin-bottom: .75rem; color: inherit; background: transparent; border: 1px solid var(--line); }
button { color: var(--paper); background: var(--act); border: 0; font-weight: 600; cursor: pointer; }
:focus-visible { outline: 2px solid var(--act); outline-offset: 2px; }
[role="alert"] { color: inherit; font-weight: 600; }
"""
_DOCUMENT: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>{style}</style>
</head>
<body><main>
<h1>{heading}</h1>
{content}
</main></body>
</html>
"""
_FORM: Final = """<p>{text}</p>
{alert}<form method="post" action="{action}"{target}>
<label for="password">Password</label>
<input id="password" name="password" type="password" required autofocus maxlength="200" autocomplete="current-password">
<button>{button}</button>
</form>"""

_DIGEST: Final = b64encode(sha256(_STYLE.encode()).digest()).decode()
POLICY: Final = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; img-src data:; form-action 'self'; base-uri 'none'"


def message_page(heading: str, text: str) -> str:
    """A page with one message."""
    return _page(heading, heading, f"<p>{html.escape(text)}</p>")


def gone_page() -> str:
    """The same for links that are unknown, have expired or were ended."""
    return message_page("This link has expired or was ended.", "Ask the person who sent it for a new one.")


def password_page(action: str, alert: str = "", *, is_embedded: bool = False) -> str:
    """A form for the password; `action` is relative to the page.

    `is_embedded`: it leads to a new tab, as browsers keep no cookies of a page that another site embeds.
    """
    shown = f'<p role="alert">{html.escape(alert)}</p>\n' if alert else ""
    text = "Enter the password that you got with the link."
    target, button = (' target="_blank"', "Open in a new tab") if is_embedded else ("", "Open")
    form = _FORM.format(text=text, alert=shown, action=html.escape(action), target=target, button=button)
    return _page("Shared view", "This view needs a password", form)


def _page(title: str, heading: str, content: str) -> str:
    return _DOCUMENT.format(title=html.escape(title), style=_STYLE, heading=html.escape(heading), content=content)
