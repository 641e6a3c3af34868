"""The browser of this machine, for tests, measurements and pictures of web pages."""

import shutil

from boathouse.foundation.errors import NotFound

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""It may run as root, draws without an accelerator, and talks to nobody by itself."""


def chromium_path() -> str:
    """Where Chromium is.

    Raises:
        NotFound: There is none.
    """
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise NotFound("There is no Chromium on this machine.", hint="Install it: sh scripts/browser.sh")
    return found
