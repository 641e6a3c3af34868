"""The shape of ``databricks.yml`` around its resources, from the public configuration reference.

Resources have shapes of their own (``payloads.py``): a target holds only parts of them, so they are checked after
the target has been merged in.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from boathouse.bundles.desired import require_plain_name
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.shapes import Shape, Unused

Resources = dict[str, dict[str, Any]]


def _plain_name(name: str) -> str:
    try:
        require_plain_name(name, "bundle or target")
    except InvalidInput as error:
        raise ValueError(error.message) from error
    return name


PathName = Annotated[str, AfterValidator(_plain_name)]


class GitShape(Shape):
    origin_url: str | None = None
    branch: str | None = None


class LockShape(Shape):
    enabled: bool | None = None
    force: Unused = None


class DeploymentShape(Shape):
    fail_on_active_runs: Unused = None
    lock: LockShape | None = None


class BundleShape(Shape):
    """The top-level ``bundle`` mapping."""

    name: PathName
    uuid: str | None = None
    git: GitShape | None = None
    deployment: DeploymentShape | None = None
    databricks_cli_version: Unused = None
    cluster_id: Unused = None
    compute_id: Unused = None
    engine: Unused = None


class TargetBundleShape(Shape):
    """The part of ``bundle`` that a target may set."""

    name: PathName | None = None
    uuid: str | None = None
    git: GitShape | None = None
    deployment: DeploymentShape | None = None
    databricks_cli_version: Unused = None
    cluster_id: Unused = None
    compute_id: Unused = None


class VariableShape(Shape):
    """A custom variable."""

    description: str | None = None
    default: Any = None
    type: Literal["complex"] | None = None
    lookup: Unused = None


class WorkspaceShape(Shape):
    """Where things go. Code always lies in the home folder, and ``${workspace.file_path}`` says where."""

    host: str | None = None
    root_path: Unused = None
    file_path: Unused = None
    resource_path: Unused = None
    artifact_path: Unused = None
    state_path: Unused = None
    profile: Unused = None
    account_id: Unused = None
    workspace_id: Unused = None
    auth_type: Unused = None
    azure_client_id: Unused = None
    azure_environment: Unused = None
    azure_login_app_id: Unused = None
    azure_tenant_id: Unused = None
    azure_use_msi: Unused = None
    azure_workspace_resource_id: Unused = None
    client_id: Unused = None
    google_service_account: Unused = None


class ArtifactFileShape(Shape):
    source: str


class ArtifactShape(Shape):
    """Something that is built before the deployment."""

    type: Literal["whl", "jar"] | None = None
    build: str | None = None
    path: str = "."
    files: list[ArtifactFileShape] | None = None
    executable: Literal["bash", "sh", "cmd"] | None = None
    dynamic_version: Unused = None

    @model_validator(mode="after")
    def _jars_need_a_command(self) -> "ArtifactShape":
        if self.type != "whl" and not self.build and not self.files:
            raise ValueError("an artifact that is not a whl needs a build command or files.")
        return self


class RunAsShape(Shape):
    user_name: str | None = None
    service_principal_name: str | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "RunAsShape":
        if (self.user_name is None) == (self.service_principal_name is None):
            raise ValueError("exactly one of user_name and service_principal_name is needed.")
        return self


class PresetsShape(Shape):
    """Settings that a target gives to all its resources."""

    name_prefix: str | None = None
    tags: dict[str, str] | None = None
    trigger_pause_status: Literal["PAUSED", "UNPAUSED"] | None = None
    jobs_max_concurrent_runs: int | None = Field(default=None, ge=1)
    pipelines_development: Unused = None
    source_linked_deployment: Unused = None
    artifacts_dynamic_version: Unused = None


class SyncShape(Shape):
    """Which files belong to the deployed code, besides what Git ignores."""

    include: list[str] | None = None
    exclude: list[str] | None = None
    paths: Unused = None


class PermissionShape(Shape):
    """Who may do what with every job and experiment of the bundle."""

    level: Literal["CAN_VIEW", "CAN_RUN", "CAN_MANAGE"]
    user_name: str | None = None
    group_name: str | None = None
    service_principal_name: str | None = None


class TargetShape(Shape):
    """One of the ``targets``: where to, and what is different there."""

    default: bool | None = None
    mode: Literal["development", "production"] | None = None
    bundle: TargetBundleShape | None = None
    git: GitShape | None = None
    variables: dict[str, Any] | None = None
    workspace: WorkspaceShape | None = None
    artifacts: dict[str, Any] | None = None
    resources: Resources | None = None
    run_as: RunAsShape | None = None
    presets: PresetsShape | None = None
    permissions: list[PermissionShape] | None = None
    sync: SyncShape | None = None
    cluster_id: Unused = None
    compute_id: Unused = None


class DocumentShape(Shape):
    """The whole file."""

    bundle: BundleShape
    include: list[str] | None = None
    variables: dict[str, VariableShape | None] | None = None
    workspace: WorkspaceShape | None = None
    artifacts: dict[str, ArtifactShape] | None = None
    resources: Resources | None = None
    targets: dict[PathName, TargetShape | None] | None = None
    run_as: RunAsShape | None = None
    presets: PresetsShape | None = None
    permissions: list[PermissionShape] | None = None
    sync: SyncShape | None = None
    experimental: Unused = None
    python: Unused = None
    scripts: Unused = None
    environments: Unused = None
