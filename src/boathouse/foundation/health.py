"""Asks a control plane how it is, without a token."""

import json
import urllib.error
import urllib.request
from typing import Any


def read_health(url: str, *, timeout_seconds: float = 2.0) -> dict[str, Any] | None:
    """What ``GET /health`` answers, or None when nobody answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/health", timeout=timeout_seconds) as response:
            return json.load(response)
    except (urllib.error.URLError, TimeoutError, ConnectionError, ValueError):
        return None
