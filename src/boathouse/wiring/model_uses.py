"""What of other rooms keeps a version of a model from being retired. Whoever comes to use versions adds a line here."""

import json
import re
from collections.abc import Iterator, Sequence

from boathouse.catalog import Catalog, LineageNode, NodeKind, SecurableKind
from boathouse.catalog.repository.records import EdgeFilter
from boathouse.foundation.clock import Clock, epoch_ms, from_epoch_ms
from boathouse.foundation.errors import NotFound
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.jobs import Jobs
from boathouse.metastore import Database
from boathouse.models.deployment.nouns import StartState
from boathouse.models.deployment.repository import DeploymentRepository
from boathouse.models.loading import LOADED, LOADED_WITHIN_MS
from boathouse.models.retiring.uses import Use, UsesOf
from boathouse.serving.endpoints.asking import endpoints_asking

_MOST_EDGES = 1_000
_MOST_JOBS = 10_000


def uses_of_versions(catalog: Catalog, database: Database, jobs: Jobs, clock: Clock) -> Sequence[UsesOf]:
    """The answers of all rooms that there are."""
    starts = DeploymentRepository(database)

    def name_of(principal: Principal, job_id: int) -> str | None:
        """How the job is told to the principal; None when it is gone."""
        try:
            job = jobs.get(SYSTEM, job_id)
        except NotFound:
            return None
        visible = catalog.grants.visible(principal, SecurableKind.JOB, [str(job_id)])
        return f"job {job.settings.name} ({job_id})" if visible else "a job that you may not know of"

    def loaded(principal: Principal, model: str, version: int) -> Iterator[Use]:
        node = LineageNode(NodeKind.MODEL_VERSION, model, version)
        since = epoch_ms(clock.now()) - LOADED_WITHIN_MS
        wanted = EdgeFilter(source=node, operation=LOADED, since=since)
        last: dict[int, int] = {}
        for found in catalog.lineage.edges(SYSTEM, wanted, limit=_MOST_EDGES):
            job_id = found.edge.entity.get("job_id")
            if job_id is not None:
                last.setdefault(int(job_id), found.event_time)
        own = {start.job_id for start in starts.starts(model)}
        for job_id, at in last.items():
            if job_id not in own and (told := name_of(principal, job_id)) is not None:
                yield Use(version, told, f"loaded it at {from_epoch_ms(at):%Y-%m-%d %H:%M} UTC")

    def named(principal: Principal, model: str, version: int) -> Iterator[Use]:
        address = re.compile(rf"models:/{re.escape(model)}/{version}(?!\d)")
        for job in jobs.list(SYSTEM, limit=_MOST_JOBS):
            if address.search(json.dumps(job.settings.to_json())) and (told := name_of(principal, job.job_id)):
                yield Use(version, told, "names it")

    def deploying(_: Principal, model: str, version: int) -> Iterator[Use]:
        for start in starts.starts(model, version):
            if start.state is StartState.WAITING:
                yield Use(version, "its deployment job", "is about to start")
            elif start.run_id is not None and start.job_id is not None:
                active = jobs.list_runs(SYSTEM, job_id=start.job_id, active=True)
                if any(run.run_id == start.run_id for run in active):
                    yield Use(version, f"its deployment job, run {start.run_id},", "is under way")

    def served(principal: Principal, model: str, version: int) -> Iterator[Use]:
        for name, shares in endpoints_asking(database, model, version):
            visible = catalog.grants.visible(principal, SecurableKind.ENDPOINT, [name])
            yield Use(version, f"endpoint {name}" if visible else "an endpoint that you may not know of", shares)

    return (loaded, named, deploying, served)
