"""Jobs of a bundle. Their names need not be unique, so a job is known by its id, and never adopted."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from boathouse.bundles.job_payload import JobPayload
from boathouse.bundles.resources.access import Access, wanted_access
from boathouse.bundles.resources.kind import Existing, Origin, Payload
from boathouse.catalog import SecurableKind
from boathouse.foundation.errors import NotFound
from boathouse.foundation.principals import Principal
from boathouse.foundation.shapes import fit
from boathouse.jobs.records import DeploymentRef
from boathouse.jobs.settings import JobSettings

if TYPE_CHECKING:
    from boathouse.catalog import Catalog
    from boathouse.jobs import Jobs


class BundleJobs:
    """The verbs on jobs."""

    def __init__(self, catalog: "Catalog", jobs: "Jobs") -> None:
        self._jobs = jobs
        self._access = Access(catalog, "jobs", SecurableKind.JOB)

    def find(self, principal: Principal, payload: Payload) -> Existing | None:
        return None

    def get(self, principal: Principal, resource_id: str, payload: Payload) -> Existing | None:
        try:
            job = self._jobs.get(principal, int(resource_id))
        except NotFound:
            return None
        access = self._access.read(principal, resource_id) if payload.get("permissions") else {}
        return Existing(resource_id, job.settings.name, {**_fields(job.settings, job.deployment), **access})

    def wanted(self, payload: Payload, before: Payload, origin: Origin) -> Mapping[str, Any]:
        return {**_fields(_settings(payload), _reference(origin)), **wanted_access("jobs", payload, before)}

    def create(self, principal: Principal, payload: Payload, origin: Origin) -> str:
        job_id = str(self._jobs.create(principal, _settings(payload), deployment=_reference(origin)))
        self._access.bring_to(principal, job_id, payload, {})
        return job_id

    def update(
        self, principal: Principal, existing: Existing, payload: Payload, before: Payload, origin: Origin
    ) -> None:
        self._jobs.reset(principal, int(existing.resource_id), _settings(payload), deployment=_reference(origin))
        self._access.bring_to(principal, existing.resource_id, payload, before)

    def delete(self, principal: Principal, existing: Existing, *, with_data: bool) -> None:
        self._jobs.delete(principal, int(existing.resource_id))

    def data_in(self, principal: Principal, existing: Existing, going: frozenset[str]) -> str | None:
        return None

    def require_manage(self, principal: Principal, existing: Existing) -> None:
        self._access.require_manage(principal, existing.resource_id)

    def made_by(self, principal: Principal, payload: Payload, deployment_id: str) -> str | None:
        name = _settings(payload).name
        made = [
            job
            for job in self._jobs.list(principal, name=name)
            if job.deployment is not None and job.deployment.deployment_id == deployment_id
        ]
        return str(made[0].job_id) if made else None


def _settings(payload: Payload) -> JobSettings:
    return fit(JobPayload, dict(payload), what=f"The job {payload.get('name')!r}").settings()


def _fields(settings: JobSettings, deployment: DeploymentRef | None) -> dict[str, Any]:
    """The settings with tasks by their keys, so that a difference names the task; and the code they run."""
    said = settings.model_dump(mode="json", exclude_defaults=True)
    for name, key in (("tasks", "task_key"), ("environments", "environment_key"), ("parameters", "name")):
        said[name] = {item[key]: item for item in said.get(name, ())}
    code: dict[str, Any] = {}
    if deployment is not None:
        code = {
            "files": deployment.source_root,
            "git_commit": deployment.git_commit,
            "git_branch": deployment.git_branch,
            "git_dirty": deployment.git_dirty,
        }
    return {"settings": said, "code": code}


def _reference(origin: Origin) -> DeploymentRef:
    return DeploymentRef(
        bundle=origin.bundle,
        target=origin.target,
        deployment_id=origin.deployment_id,
        source_root=str(origin.files or ""),
        git_commit=origin.git.commit,
        git_branch=origin.git.branch,
        git_origin=origin.git.origin_url,
        git_dirty=origin.git.dirty,
    )
