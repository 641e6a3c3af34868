"""The few pages before one is signed in: plain HTML, so that they need nothing that wants a session."""

import base64
import hashlib
from html import escape

from fastapi.responses import HTMLResponse

_STYLE = """
:root { --ground: #f6f7f8; --paper: #fff; --ink: #1d2530; --quiet: #596473; --line: #c9ced5; --accent: #2b6591;
  --bad: #a12a23; --bad-soft: #fbe6e4; --code: #eceef1; color-scheme: light dark }
@media (prefers-color-scheme: dark) { :root { --ground: #14181d; --paper: #1c2127; --ink: #e3e8ee; --quiet: #9aa6b4;
  --line: #4a545f; --accent: #7db9e3; --bad: #f29a93; --bad-soft: #452320; --code: #2a313a } }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, sans-serif }
main { box-sizing: border-box; width: min(420px, 92vw); margin: 12vh auto 40px; background: var(--paper);
  border: 1px solid var(--line); border-radius: 8px; padding: 24px 26px; overflow-wrap: anywhere }
h1 { font-size: 20px; margin: 0 0 16px } p { margin: 12px 0 0; color: var(--quiet) } a { color: var(--accent) }
label { display: block; font-weight: 550; margin-bottom: 4px }
input { width: 100%; box-sizing: border-box; font: inherit; color: inherit; background: var(--paper); padding: 7px 10px;
  border: 1px solid var(--line); border-radius: 6px; margin-bottom: 12px }
button, .button { display: block; width: 100%; box-sizing: border-box; font: inherit; font-weight: 550; cursor: pointer;
  padding: 8px; text-align: center; text-decoration: none; background: var(--accent); color: var(--paper);
  border: 1px solid var(--accent); border-radius: 6px }
.button { margin-bottom: 18px } .other { background: var(--paper); color: var(--accent) }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
code { font: 13px ui-monospace, monospace; background: var(--code); padding: 1px 5px; border-radius: 4px }
.error { background: var(--bad-soft); color: var(--bad); border-radius: 6px; padding: 10px 12px; margin: 0 0 16px }
"""

_READ_CODE = """
const code = location.hash.slice(1), form = document.querySelector("form");
if (code) {
  history.replaceState(null, "", location.pathname);
  form.code.value = code;
  form.submit();
} else {
  document.getElementById("how").hidden = false;
  form.hidden = true;
}
"""
"""The code stands behind the #, which browsers send to nobody; it is out of the address before it is used."""


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


POLICY = (
    f"default-src 'none'; style-src {_hash(_STYLE)}; script-src {_hash(_READ_CODE)}; img-src 'self';"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def sign_in_form(*, problem: str = "", provider: tuple[str, str] | None = None, status: int = 200) -> HTMLResponse:
    """The field for the token; ``provider`` (name and address) is another way in."""
    other = f'<a class="button" href="{escape(provider[1])}">Sign in with {escape(provider[0])}</a>' if provider else ""
    body = f"""{_problem(problem)}{other}<form method="post"><label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" autofocus required>
<button{' class="other"' if provider else ""}>Sign in</button></form>
<p>On the machine where Boathouse runs, <code>boathouse ui</code> prints a link that signs you in. Your token stands in
the file <code>token</code> of the home folder; <code>boathouse env</code> prints it.</p>"""
    return page("Sign in to Boathouse", body, status)


def link_page(action: str) -> HTMLResponse:
    """Takes the code out of the address and hands it in."""
    body = f"""<form method="post" action="{escape(action)}"><input type="hidden" name="code">
<button>Sign in</button></form>
<p id="how" hidden>This link is not complete. <code>boathouse ui</code> prints a fresh one; open the whole of it.</p>
<noscript><p>Without scripts, sign in <a href="/ui/sign-in">with a token</a>.</p></noscript>
<script>{_READ_CODE}</script>"""
    return page("Signing in", body)


def refusal(
    problem: str, *, status: int, way_on: str = "/ui/sign-in", what_there: str = "Sign in another way"
) -> HTMLResponse:
    """Why somebody was not signed in, and what to do."""
    link = f'<p><a href="{escape(way_on)}">{escape(what_there)}</a></p>'
    return page("Not signed in", _problem(problem) + link, status)


def onward(address: str) -> HTMLResponse:
    """A page of ours that leads on at once. A browser sends a strict cookie only where our own page has led it, not
    where another site, a mail or a chat has."""
    way = escape(address)
    lead = f'<meta http-equiv="refresh" content="0;url={way}">'
    return page("Boathouse", f'<a class="button" href="{way}">Go on</a>', head=lead)


def page(title: str, body: str, status: int = 200, *, head: str = "") -> HTMLResponse:
    text = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title><link rel="icon" type="image/svg+xml" href="/favicon.ico">{head}<style>{_STYLE}</style>
</head><body><main><h1>{escape(title)}</h1>{body}</main></body></html>"""
    return HTMLResponse(text, status, headers=HEADERS)


def _problem(text: str) -> str:
    return f'<p class="error" role="alert">{escape(text)}</p>' if text else ""
