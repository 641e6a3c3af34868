"""Who is told what about a run."""

from typing import Annotated

from pydantic import Field

from boathouse.foundation.shapes import Shape, Unused


class EmailNotifications(Shape):
    """Addresses that are written to, by event."""

    on_start: list[str] = []
    on_success: list[str] = []
    on_failure: list[str] = []
    on_duration_warning_threshold_exceeded: list[str] = []
    no_alert_for_skipped_runs: bool = False
    on_maintenance_complete: Unused = None
    on_maintenance_start: Unused = None
    on_streaming_backlog_exceeded: Unused = None


class Webhook(Shape):
    """A notification destination, by its id or its name."""

    id: str


class WebhookNotifications(Shape):
    """Destinations that are called, by event."""

    on_start: list[Webhook] = []
    on_success: list[Webhook] = []
    on_failure: list[Webhook] = []
    on_duration_warning_threshold_exceeded: list[Webhook] = []
    on_maintenance_complete: Unused = None
    on_maintenance_start: Unused = None
    on_streaming_backlog_exceeded: Unused = None


class TaskNotificationSettings(Shape):
    alert_on_last_attempt: bool = False
    no_alert_for_canceled_runs: bool = False
    no_alert_for_skipped_runs: bool = False


class JobNotificationSettings(Shape):
    no_alert_for_canceled_runs: bool = False
    no_alert_for_skipped_runs: bool = False


class HealthRule(Shape):
    """``RUN_DURATION_SECONDS`` greater than a number of seconds."""

    metric: str
    op: str = "GREATER_THAN"
    value: Annotated[int, Field(ge=0)]


class Health(Shape):
    rules: list[HealthRule] = []
