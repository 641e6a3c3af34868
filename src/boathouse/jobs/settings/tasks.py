"""What a task does, and when."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from boathouse.foundation.shapes import Shape, Unused
from boathouse.jobs.settings.common import Seconds, TaskKey, Text, Unsupported
from boathouse.jobs.settings.telling import (
    EmailNotifications,
    Health,
    TaskNotificationSettings,
    WebhookNotifications,
)


class Source(StrEnum):
    WORKSPACE = "WORKSPACE"
    GIT = "GIT"


class RunIf(StrEnum):
    """When a task runs, by how the tasks before it ended."""

    ALL_SUCCESS = "ALL_SUCCESS"
    AT_LEAST_ONE_SUCCESS = "AT_LEAST_ONE_SUCCESS"
    NONE_FAILED = "NONE_FAILED"
    ALL_DONE = "ALL_DONE"
    AT_LEAST_ONE_FAILED = "AT_LEAST_ONE_FAILED"
    ALL_FAILED = "ALL_FAILED"


class TaskDependency(Shape):
    task_key: str
    outcome: Text | None = None
    """Of a condition task: ``true`` or ``false``."""


class SparkPythonTask(Shape):
    """A Python script."""

    python_file: str
    parameters: list[Text] = []
    source: Source | None = None


class PythonWheelTask(Shape):
    """A function of an installed package, by entry point or by name."""

    package_name: str
    entry_point: str
    parameters: list[Text] = []
    named_parameters: dict[str, Text] = {}


class NotebookTask(Shape):
    """A notebook: Databricks' source format or ``.ipynb``."""

    notebook_path: str
    base_parameters: dict[str, Text] = {}
    source: Source | None = None
    warehouse_id: Unused = None


class SqlFile(Shape):
    path: str
    source: Source | None = None


class SqlQuery(Shape):
    """``query_text`` is ours: a statement written in the job itself."""

    query_id: Unsupported = None
    query_text: str | None = None


class SqlTask(Shape):
    """A file of SQL statements, or one written here; ``:name`` in the text takes a parameter."""

    file: SqlFile | None = None
    query: SqlQuery | None = None
    parameters: dict[str, Text] = {}
    warehouse_id: Unused = None
    alert: Unsupported = None
    dashboard: Unsupported = None


class ConditionOperator(StrEnum):
    EQUAL_TO = "EQUAL_TO"
    NOT_EQUAL = "NOT_EQUAL"
    GREATER_THAN = "GREATER_THAN"
    GREATER_THAN_OR_EQUAL = "GREATER_THAN_OR_EQUAL"
    LESS_THAN = "LESS_THAN"
    LESS_THAN_OR_EQUAL = "LESS_THAN_OR_EQUAL"


class ConditionTask(Shape):
    """Compares two texts; tasks after it say with ``outcome`` for which answer they run.

    ``EQUAL_TO`` and ``NOT_EQUAL`` compare texts, the others numbers.
    """

    op: ConditionOperator
    left: Text
    right: Text


class RunJobTask(Shape):
    """A run of another job."""

    job_id: int
    job_parameters: dict[str, Text] = {}
    notebook_params: dict[str, Text] = {}
    python_params: list[Text] | None = None
    python_named_params: dict[str, Text] = {}
    sql_params: dict[str, Text] = {}
    dbt_commands: Unused = None
    jar_params: Unused = None
    pipeline_params: Unused = None
    spark_submit_params: Unused = None


class ForEachTask(Shape):
    """The same task once for each input, some of them side by side."""

    inputs: str
    """A JSON array, or a reference to one: ``{{tasks.find.values.months}}``."""
    task: "Task"
    concurrency: Annotated[int, Field(ge=1, le=100)] = 1


class PyPiLibrary(Shape):
    package: str
    repo: Unused = None


class Library(Shape):
    """What a task needs besides its environment: a wheel or a package."""

    whl: str | None = None
    pypi: PyPiLibrary | None = None
    requirements: str | None = None
    jar: Unsupported = None
    egg: Unsupported = None
    maven: Unsupported = None
    cran: Unsupported = None


class Task(Shape):
    """One node of the graph."""

    task_key: TaskKey
    description: str | None = None
    depends_on: list[TaskDependency] = []
    run_if: RunIf | None = None
    disabled: bool | None = None
    """A disabled task is passed over; tasks after it see it as done."""

    spark_python_task: SparkPythonTask | None = None
    python_wheel_task: PythonWheelTask | None = None
    notebook_task: NotebookTask | None = None
    sql_task: SqlTask | None = None
    condition_task: ConditionTask | None = None
    for_each_task: ForEachTask | None = None
    run_job_task: RunJobTask | None = None

    ai_runtime_task: Unsupported = None
    alert_task: Unsupported = None
    clean_rooms_notebook_task: Unsupported = None
    dashboard_task: Unsupported = None
    dbt_cloud_task: Unsupported = None
    dbt_platform_task: Unsupported = None
    dbt_task: Unsupported = None
    gen_ai_compute_task: Unsupported = None
    pipeline_task: Unsupported = None
    power_bi_task: Unsupported = None
    python_operator_task: Unsupported = None
    spark_jar_task: Unsupported = None
    spark_submit_task: Unsupported = None

    environment_key: str | None = None
    environment_variables_key: str | None = None
    libraries: list[Library] = []
    max_retries: Annotated[int, Field(ge=-1)] = 0
    """-1: as often as it takes."""
    min_retry_interval_millis: Annotated[int, Field(ge=0)] = 0
    retry_on_timeout: bool = False
    timeout_seconds: Seconds = 0
    """0: no limit."""

    compute: Unused = None
    disable_auto_optimization: Unused = None
    email_notifications: EmailNotifications | None = None
    existing_cluster_id: Unused = None
    health: Health | None = None
    job_cluster_key: Unused = None
    new_cluster: Unused = None
    notification_settings: TaskNotificationSettings | None = None
    webhook_notifications: WebhookNotifications | None = None
