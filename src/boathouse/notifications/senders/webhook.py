"""Any HTTP server. Requests are signed as the Standard Webhooks say, so that existing libraries check them:
``webhook-signature`` is ``v1,`` and the base64 of the HMAC-SHA256 of ``<webhook-id>.<webhook-timestamp>.<body>``."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

import urllib3

from boathouse.notifications.configs import signing_key
from boathouse.notifications.senders.sending import Letter, post


def send(pool: urllib3.PoolManager, details: Mapping[str, Any], letter: Letter) -> None:
    """Deliver the payload as it is; ``event_id`` is the same at every attempt, and of an event at every replay."""
    body = json.dumps({"event_id": letter.delivery_id, **letter.payload}, ensure_ascii=False).encode()
    headers = signed_headers(details["signing_secret"], letter.delivery_id, body, round(time.time()))
    if details.get("username") or details.get("password"):
        plain = f"{details.get('username', '')}:{details.get('password', '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(plain.encode()).decode()
    post(pool, details["url"], body, headers)


def signed_headers(secret: str, delivery_id: str, body: bytes, timestamp: int) -> dict[str, str]:
    signed = f"{delivery_id}.{timestamp}.".encode() + body
    digest = hmac.new(signing_key(secret), signed, hashlib.sha256).digest()
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }
