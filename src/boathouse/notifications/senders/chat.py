"""Slack, Microsoft Teams and PagerDuty, through the addresses that they give out for incoming messages."""

import json
from collections.abc import Mapping
from typing import Any

import urllib3

from boathouse.notifications.senders.sending import Letter, post
from boathouse.notifications.wording import text, title

PAGERDUTY_URL = "https://events.pagerduty.com/v2/enqueue"
_SEVERITIES = {
    "jobs.on_failure": "error",
    "jobs.on_duration_warning_threshold_exceeded": "warning",
    "run.failed": "error",
    "gate.failed": "error",
    "deploy.failed": "error",
}


def send_to_slack(pool: urllib3.PoolManager, details: Mapping[str, Any], letter: Letter) -> None:
    shown = text(letter.payload, letter.url).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    post(pool, details["url"], json.dumps({"text": shown}).encode(), {})


def send_to_teams(pool: urllib3.PoolManager, details: Mapping[str, Any], letter: Letter) -> None:
    card = {
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            {"type": "TextBlock", "wrap": True, "text": line} for line in text(letter.payload, letter.url).split("\n")
        ],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    body = {"type": "message", "summary": title(letter.payload), "attachments": [attachment]}
    post(pool, details["url"], json.dumps(body).encode(), {})


def send_to_pagerduty(pool: urllib3.PoolManager, details: Mapping[str, Any], letter: Letter) -> None:
    run_id = str(letter.payload.get("run", {}).get("run_id", ""))
    body = {
        "routing_key": details["integration_key"],
        "event_action": "resolve" if letter.payload.get("is_over") else "trigger",
        "dedup_key": letter.payload.get("dedup_key")
        or f"boathouse-{letter.payload['event_type']}-{run_id or letter.delivery_id}",
        "payload": {
            "summary": title(letter.payload),
            "source": letter.url,
            "severity": letter.payload.get("severity") or _SEVERITIES.get(letter.payload["event_type"], "info"),
            "custom_details": dict(letter.payload),
        },
    }
    post(pool, PAGERDUTY_URL, json.dumps(body).encode(), {})
