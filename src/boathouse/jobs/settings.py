"""What a job is, in the shapes of the Databricks Jobs API 2.2.

A field typed ``Unused`` is accepted and reported as ignored. A field that would change what runs, and that we cannot
honour yet, is refused by :func:`boathouse.jobs.validation.problems_of_job`, never ignored.
"""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from boathouse.foundation.shapes import Shape, Unused


def _text(value: Any) -> Any:
    """A plain YAML scalar as the text it was written as, near enough: parameters are always text."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


Text = Annotated[str, BeforeValidator(_text)]
Unsupported = Any
"""The type of a field that is known and refused."""

TaskKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9_\-]{1,100}$")]
Seconds = Annotated[int, Field(ge=0)]


class Source(StrEnum):
    WORKSPACE = "WORKSPACE"
    GIT = "GIT"


class TaskDependency(Shape):
    task_key: str
    outcome: Unsupported = None


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
    """A notebook in Databricks' source format."""

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
    run_if: str | None = None
    disabled: bool | None = None

    spark_python_task: SparkPythonTask | None = None
    python_wheel_task: PythonWheelTask | None = None
    notebook_task: NotebookTask | None = None
    sql_task: SqlTask | None = None

    ai_runtime_task: Unsupported = None
    alert_task: Unsupported = None
    clean_rooms_notebook_task: Unsupported = None
    condition_task: Unsupported = None
    dashboard_task: Unsupported = None
    dbt_cloud_task: Unsupported = None
    dbt_platform_task: Unsupported = None
    dbt_task: Unsupported = None
    for_each_task: Unsupported = None
    gen_ai_compute_task: Unsupported = None
    pipeline_task: Unsupported = None
    power_bi_task: Unsupported = None
    python_operator_task: Unsupported = None
    run_job_task: Unsupported = None
    spark_jar_task: Unsupported = None
    spark_submit_task: Unsupported = None

    environment_key: str | None = None
    libraries: list[Library] = []
    max_retries: Annotated[int, Field(ge=-1)] = 0
    """-1: as often as it takes."""
    min_retry_interval_millis: Annotated[int, Field(ge=0)] = 0
    retry_on_timeout: bool = False
    timeout_seconds: Seconds = 0
    """0: no limit."""

    compute: Unused = None
    disable_auto_optimization: Unused = None
    email_notifications: Unused = None
    environment_variables_key: Unused = None
    existing_cluster_id: Unused = None
    health: Unused = None
    job_cluster_key: Unused = None
    new_cluster: Unused = None
    notification_settings: Unused = None
    webhook_notifications: Unused = None


class EnvironmentSpec(Shape):
    """The packages that tasks need."""

    dependencies: list[str] = []
    """Lines of a requirements file: ``pandas>=2``, ``-r requirements.lock``, ``-r uv.lock``, ``./dist/mine.whl``."""
    client: Unused = None
    environment_version: Unused = None
    base_environment: Unused = None
    java_dependencies: Unused = None


class JobEnvironment(Shape):
    environment_key: str
    spec: EnvironmentSpec | None = None


class JobParameter(Shape):
    name: Annotated[str, Field(pattern=r"^[\w\-.]+$")]
    default: Text


class JobRunAs(Shape):
    user_name: str | None = None
    service_principal_name: str | None = None
    group_name: Unsupported = None

    @property
    def name(self) -> str | None:
        return self.user_name or self.service_principal_name


class JobDeployment(Shape):
    kind: str
    metadata_file_path: str | None = None
    deployment_id: str | None = None
    version_id: str | None = None


class JobSettings(Shape):
    """A job definition, as ``jobs/create`` takes it and as a bundle writes it under ``resources.jobs``."""

    name: str = "Untitled"
    description: str | None = None
    tags: dict[str, Text] = {}
    tasks: list[Task] = []
    parameters: list[JobParameter] = []
    environments: list[JobEnvironment] = []
    timeout_seconds: Seconds = 0
    run_as: JobRunAs | None = None
    format: str | None = None
    edit_mode: str | None = None
    deployment: JobDeployment | None = None

    git_source: Unsupported = None

    access_control_list: Unused = None
    budget_policy_id: Unused = None
    continuous: Unused = None
    duration_target: Unused = None
    email_notifications: Unused = None
    environment_variables: Unused = None
    health: Unused = None
    job_clusters: Unused = None
    max_concurrent_runs: Unused = None
    notification_settings: Unused = None
    parent_path: Unused = None
    performance_target: Unused = None
    queue: Unused = None
    schedule: Unused = None
    trigger: Unused = None
    triggers: Unused = None
    usage_policy_id: Unused = None
    webhook_notifications: Unused = None

    def task(self, key: str) -> Task:
        return next(task for task in self.tasks if task.task_key == key)

    def to_json(self) -> dict[str, Any]:
        """Only what was said, as it would be said again."""
        return self.model_dump(mode="json", exclude_unset=True, exclude_none=True)
