"""What is wrong with what a job says about who is told."""

from collections.abc import Iterator
from typing import Any

from boathouse.foundation.errors import did_you_mean
from boathouse.foundation.shapes import Problem
from boathouse.foundation.yaml_source import KeyPath
from boathouse.jobs.settings import Health, JobSettings, Task
from boathouse.notifications.addresses import is_address

EVENTS = ("on_start", "on_success", "on_failure", "on_duration_warning_threshold_exceeded")
DURATION = "RUN_DURATION_SECONDS"
MOST_DESTINATIONS = 3
"""Per event, as on Databricks."""
MOST_ADDRESSES = 100
LONGEST_SECONDS = 366 * 24 * 3600


def problems_of_telling(said: JobSettings | Task, path: KeyPath = ()) -> Iterator[Problem]:
    """Everything wrong with the notifications and health rules of a job or a task."""
    for event in EVENTS:
        for index, address in enumerate(getattr(said.email_notifications, event, None) or ()):
            if not is_address(address):
                place = (*path, "email_notifications", event, index)
                yield Problem(place, f"{address!r} is no e-mail address.")
        if len(addresses := getattr(said.email_notifications, event, None) or []) > MOST_ADDRESSES:
            message = f"{len(addresses)} addresses are more than the {MOST_ADDRESSES} an event can have."
            yield Problem((*path, "email_notifications", event), message, "Write to a mailing list.")
        webhooks: list[Any] = getattr(said.webhook_notifications, event, None) or []
        if len(webhooks) > MOST_DESTINATIONS:
            place = (*path, "webhook_notifications", event)
            yield Problem(
                place, f"{len(webhooks)} destinations are more than the {MOST_DESTINATIONS} an event can have."
            )
    if said.health is not None:
        yield from _health_problems(said.health, (*path, "health", "rules"))


def _health_problems(health: Health, path: KeyPath) -> Iterator[Problem]:
    for index, rule in enumerate(health.rules):
        if rule.metric != DURATION:
            hint = did_you_mean(rule.metric, [DURATION]) or f"{DURATION} is."
            yield Problem((*path, index, "metric"), f"the metric {rule.metric!r} is not supported.", hint)
        if rule.value > LONGEST_SECONDS:
            yield Problem((*path, index, "value"), f"{rule.value} s are more than a year.")
        if rule.op != "GREATER_THAN":
            yield Problem((*path, index, "op"), f"{rule.op!r} is no comparison here.", "GREATER_THAN is.")
