"""What the rooms above the catalog add to the description of their own things."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from boathouse.catalog import Catalog, Securable, SecurableKind
from boathouse.foundation.errors import NotFound, did_you_mean
from boathouse.foundation.names import ModelName
from boathouse.foundation.principals import Principal
from boathouse.jobs import Jobs
from boathouse.models import Models

_LATEST_RUNS = 5


def tell_of_models_and_jobs(catalog: Catalog, models: Models, jobs: Jobs) -> None:
    """Let descriptions say which versions a model has and what a job does."""

    def model(principal: Principal, securable: Securable, selector: str | None) -> Mapping[str, Any]:
        return _model(models, principal, ModelName.parse(securable.full_name), selector)

    def job(principal: Principal, securable: Securable, _: str | None) -> Mapping[str, Any]:
        return _job(jobs, principal, int(securable.full_name))

    catalog.describing.ask(SecurableKind.REGISTERED_MODEL, model)
    catalog.describing.ask(SecurableKind.JOB, job)


def _model(models: Models, principal: Principal, name: ModelName, selector: str | None) -> Mapping[str, Any]:
    found, versions = models.model_with_versions(principal, name)
    told: dict[str, Any] = {"aliases": found.aliases, "versions": [asdict(version) for version in versions]}
    if selector is None:
        return told
    number = found.aliases.get(selector)
    wanted = str(number) if number is not None else selector.lower().removeprefix("v")
    version = next((each for each in versions if str(each.version) == wanted), None)
    if version is None:
        known = [*found.aliases, *(str(each.version) for each in versions)]
        raise NotFound(f"Model {name} has no version or alias {selector}.", hint=did_you_mean(selector, known))
    return {**told, "version": asdict(version)}


def _job(jobs: Jobs, principal: Principal, job_id: int) -> Mapping[str, Any]:
    job = jobs.get(principal, job_id)
    runs = jobs.list_runs(principal, job_id=job_id, limit=_LATEST_RUNS)
    return {
        "name": job.settings.name,
        "tasks": [task.task_key for task in job.settings.tasks],
        "run_as": job.run_as,
        "runs": [
            {
                "run_id": run.run_id,
                "state": (run.state.result or run.state.life_cycle).value,
                "started_at": run.started_at,
            }
            for run in runs
        ],
    }
