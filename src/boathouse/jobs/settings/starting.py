"""What starts runs of a job: a schedule, a trigger, or the end of the last run."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from boathouse.foundation.event_filter import EventFilter
from boathouse.foundation.shapes import Shape, Unused
from boathouse.jobs.settings.common import PauseStatus, Seconds, Unsupported


class CronSchedule(Shape):
    """Runs at the instants that a Quartz cron expression names in a time zone."""

    quartz_cron_expression: str
    timezone_id: str = "UTC"
    pause_status: PauseStatus = PauseStatus.UNPAUSED
    sql_condition: Unsupported = None


class FileArrivalTrigger(Shape):
    """New files below a folder of a volume: ``/Volumes/catalog/schema/volume/path/``."""

    url: str
    min_time_between_triggers_seconds: Seconds = 0
    wait_after_last_change_seconds: Seconds = 0


class UpdateCondition(StrEnum):
    ANY_UPDATED = "ANY_UPDATED"
    ALL_UPDATED = "ALL_UPDATED"


class TableUpdateTrigger(Shape):
    """New versions of tables."""

    table_names: list[str]
    condition: UpdateCondition = UpdateCondition.ANY_UPDATED
    min_time_between_triggers_seconds: Seconds = 0
    wait_after_last_change_seconds: Seconds = 0


class PeriodicUnit(StrEnum):
    MINUTES = "MINUTES"
    HOURS = "HOURS"
    DAYS = "DAYS"
    WEEKS = "WEEKS"


class PeriodicTrigger(Shape):
    interval: Annotated[int, Field(ge=1)]
    unit: PeriodicUnit


class ModelCondition(StrEnum):
    MODEL_CREATED = "MODEL_CREATED"
    MODEL_VERSION_READY = "MODEL_VERSION_READY"
    MODEL_ALIAS_SET = "MODEL_ALIAS_SET"


class ModelTrigger(Shape):
    """A new version of a registered model, or one of its aliases that moved."""

    condition: ModelCondition
    securable_name: str | None = None
    """A model, or a schema or catalog for all models in it; without it any model."""
    aliases: list[str] = []
    min_time_between_triggers_seconds: Seconds = 0
    wait_after_last_change_seconds: Seconds = 0


class JobCompletionTrigger(Shape):
    """Ours: another job's run has ended."""

    job_id: int
    results: list[str] = ["SUCCESS"]
    """Result states that count."""


class CatalogEventTrigger(Shape):
    """Ours: a verb of the catalog has succeeded, as the audit log names it."""

    action: str
    """``createTable``, ``updatePermissions``... ``*`` is any."""
    service: str | None = None
    securable_kind: str | None = None
    securable_name: str | None = None
    """A full name; ``*`` stands for any text."""
    min_time_between_triggers_seconds: Seconds = 0


class EventTrigger(EventFilter):
    """Ours: something has happened on the platform: a new version, a moved alias, a failed gate or run, a deployment.

    What the job's own runs do does not start it.
    """

    run_for_each: bool = False
    """A run for each event; else one for all that are there."""
    min_time_between_triggers_seconds: Seconds = 0
    wait_after_last_change_seconds: Seconds = 0


class TriggerSettings(Shape):
    """What starts a run besides the clock: exactly one of these."""

    file_arrival: FileArrivalTrigger | None = None
    table_update: TableUpdateTrigger | None = None
    periodic: PeriodicTrigger | None = None
    model: ModelTrigger | None = None
    job_completion: JobCompletionTrigger | None = None
    catalog_event: CatalogEventTrigger | None = None
    event: EventTrigger | None = None
    pause_status: PauseStatus = PauseStatus.UNPAUSED
    sql_condition: Unsupported = None


class Continuous(Shape):
    """A new run as soon as the last one has ended."""

    pause_status: PauseStatus = PauseStatus.UNPAUSED
    maintenance_window: Unused = None
    task_retry_mode: Unused = None


class QueueSettings(Shape):
    enabled: bool = False
