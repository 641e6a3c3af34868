"""A job definition."""

from typing import Annotated, Any

from pydantic import Field, PrivateAttr

from boathouse.foundation.shapes import Shape, Unused
from boathouse.jobs.settings.common import Seconds, Text, Unsupported
from boathouse.jobs.settings.starting import Continuous, CronSchedule, QueueSettings, TriggerSettings
from boathouse.jobs.settings.tasks import Task
from boathouse.jobs.settings.telling import EmailNotifications, Health, JobNotificationSettings, WebhookNotifications


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


class GitSource(Shape):
    """Where the code of tasks comes from that do not say source WORKSPACE: exactly one of branch, tag and commit."""

    git_url: str
    git_provider: str | None = None
    git_branch: str | None = None
    git_tag: str | None = None
    git_commit: str | None = None
    git_snapshot: Unused = None
    job_source: Unused = None
    sparse_checkout: Unused = None


class EnvironmentVariablesSpec(Shape):
    """Variables of a task's environment; ``{{secrets/scope/key}}`` in a value is resolved when the task starts."""

    variables: dict[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], Text] = {}
    files: Unsupported = None


class JobEnvironmentVariables(Shape):
    environment_variables_key: str
    spec: EnvironmentVariablesSpec | None = None


class JobSettings(Shape):
    """A job definition, as ``jobs/create`` takes it and as a bundle writes it under ``resources.jobs``."""

    name: str = "Untitled"
    description: str | None = None
    tags: dict[str, Text] = {}
    tasks: list[Task] = []
    parameters: list[JobParameter] = []
    environments: list[JobEnvironment] = []
    environment_variables: list[JobEnvironmentVariables] = []
    timeout_seconds: Seconds = 0
    run_as: JobRunAs | None = None
    format: str | None = None
    edit_mode: str | None = None
    deployment: JobDeployment | None = None

    max_concurrent_runs: Annotated[int, Field(ge=0, le=1000)] = 1
    """0: every new run is skipped."""
    queue: QueueSettings | None = None
    """Whether a run beyond ``max_concurrent_runs`` waits; otherwise it is skipped."""
    schedule: CronSchedule | None = None
    trigger: TriggerSettings | None = None
    continuous: Continuous | None = None
    email_notifications: EmailNotifications | None = None
    webhook_notifications: WebhookNotifications | None = None
    notification_settings: JobNotificationSettings | None = None
    health: Health | None = None
    git_source: GitSource | None = None

    access_control_list: Unused = None
    budget_policy_id: Unused = None
    duration_target: Unused = None
    job_clusters: Unused = None
    parent_path: Unused = None
    performance_target: Unused = None
    triggers: Unused = None
    usage_policy_id: Unused = None

    _by_key: tuple[list[Task], dict[str, Task]] | None = PrivateAttr(default=None)

    def task(self, key: str) -> Task:
        known = self._by_key
        if known is None or known[0] is not self.tasks:  # a copy with other tasks brings the old index along
            known = self._by_key = (self.tasks, {task.task_key: task for task in reversed(self.tasks)})
        return known[1][key]

    def to_json(self) -> dict[str, Any]:
        """Only what was said, as it would be said again."""
        return self.model_dump(mode="json", exclude_unset=True, exclude_none=True)
