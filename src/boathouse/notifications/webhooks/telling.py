"""An event as a message: the payload that receivers get."""

from typing import Any

from boathouse.notifications.messages import Message
from boathouse.notifications.webhooks.nouns import Happened, Webhook

WORKSPACE_ID = "1"
"""There is one workspace; Databricks' shape has a place for it."""


def message_of(webhook: Webhook, event: Happened, *, is_replayed: bool = False) -> Message:
    """What a webhook tells of an event; ``event_id`` is the same however often it is told."""
    payload: dict[str, Any] = {
        "event_type": event.type,
        "event_id": event.event_id,
        "sequence": event.sequence,
        "workspace_id": WORKSPACE_ID,
        "timestamp_ms": event.happened_at,
        "subject": event.subject,
        "principal": event.principal,
        "data": dict(event.data),
        "webhook": webhook.name,
    }
    if is_replayed:
        payload["replayed"] = True
    return Message(event.type, webhook.destination, payload, webhook_id=webhook.webhook_id)


def is_business_of(webhook: Webhook, event: Happened) -> bool:
    return webhook.wanted.takes(event.type, event.subject, event.data)
