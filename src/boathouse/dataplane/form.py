"""A page with a form that asks an endpoint. It holds nothing but itself: what the endpoint takes it asks for with the
token of whoever fills it in."""

import base64
import hashlib
from functools import cache
from pathlib import Path

from boathouse.serving.answering.requests import Answer

_FILE = Path(__file__).with_name("form.html")


@cache
def form() -> Answer:
    """The page, which may run its own script and talk to nobody but who has sent it."""
    page = _FILE.read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; script-src '{_hash(page, 'script')}'; style-src '{_hash(page, 'style')}'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = [
        ("content-type", "text/html; charset=utf-8"),
        ("content-security-policy", policy),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
    ]
    return Answer(200, headers, page.encode())


def _hash(page: str, tag: str) -> str:
    content = page.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0]
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
