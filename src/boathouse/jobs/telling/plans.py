"""Who is to be told about a run or a task of it, as its definition said when the run was asked for."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from boathouse.jobs.settings import JobSettings, Task
from boathouse.jobs.telling.checking import DURATION, EVENTS


@dataclass(frozen=True, slots=True)
class Plan:
    """Addresses and destinations by event, and when to keep silent."""

    job_name: str
    emails: Mapping[str, list[str]] = field(default_factory=dict[str, list[str]])
    webhooks: Mapping[str, list[str]] = field(default_factory=dict[str, list[str]])
    silent_when_skipped: bool = False
    silent_when_canceled: bool = False
    only_last_attempt: bool = False
    warn_after_seconds: int | None = None

    @property
    def is_needed(self) -> bool:
        return bool(self.emails or self.webhooks)

    def to_text(self) -> str:
        return json.dumps({name: getattr(self, name) for name in self.__slots__}, ensure_ascii=False)

    @classmethod
    def from_text(cls, text: str) -> "Plan":
        return cls(**json.loads(text))


def plans_of(settings: JobSettings) -> Iterator[tuple[str, Plan]]:
    """The plans of the run (under an empty key) and of its tasks, as far as somebody is to be told."""
    for key, said in (("", settings), *((task.task_key, task) for task in settings.tasks)):
        if (said.email_notifications or said.webhook_notifications) and (plan := _plan(settings.name, said)).is_needed:
            yield key, plan


def _plan(job_name: str, said: JobSettings | Task) -> Plan:
    emails, webhooks = said.email_notifications, said.webhook_notifications
    silence: Any = said.notification_settings
    durations = [rule.value for rule in (said.health.rules if said.health else ()) if rule.metric == DURATION]
    return Plan(
        job_name=job_name,
        emails={event: found for event in EVENTS if emails and (found := getattr(emails, event))},
        webhooks={
            event: [each.id for each in found] for event in EVENTS if webhooks and (found := getattr(webhooks, event))
        },
        silent_when_skipped=bool(
            getattr(silence, "no_alert_for_skipped_runs", False) or (emails and emails.no_alert_for_skipped_runs)
        ),
        silent_when_canceled=bool(getattr(silence, "no_alert_for_canceled_runs", False)),
        only_last_attempt=bool(getattr(silence, "alert_on_last_attempt", False)),
        warn_after_seconds=min(durations, default=None),
    )
