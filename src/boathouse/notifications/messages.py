"""The nouns: a message that somebody is to get, and what has become of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class DeliveryState(StrEnum):
    PENDING = "PENDING"
    """It will be tried, or tried again."""
    DELIVERED = "DELIVERED"
    DEAD = "DEAD"
    """It was given up; somebody may ask to try again."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something that happened, for one destination."""

    event_type: str
    """As Databricks' webhooks name it: ``jobs.on_failure``."""
    destination: str
    """The id or the name of a destination; or, with ``is_email``, an address."""
    payload: Mapping[str, Any]
    is_email: bool = False
    job_id: int | None = None
    run_id: int | None = None
    webhook_id: str | None = None
    """The webhook that tells of it, if one does."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message in the outbox."""

    sequence: int
    delivery_id: str
    """The same at every attempt, so that a receiver can tell a second arrival."""
    event_type: str
    destination: str
    is_email: bool
    job_id: int | None
    run_id: int | None
    payload: Mapping[str, Any]
    created_at: int
    state: DeliveryState
    attempts: int
    next_attempt_at: int | None
    delivered_at: int | None
    error: str | None
    webhook_id: str | None = None
