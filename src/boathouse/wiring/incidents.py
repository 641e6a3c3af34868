"""Incidents, joined: who does the steps of playbooks, the jobs that run them, and the loop that opens."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import BoathouseError, Conflict, InvalidInput, NotFound
from boathouse.foundation.looping import Loop
from boathouse.foundation.names import ModelName
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.jobs import Jobs, read_job
from boathouse.jobs.again.repairs import RepairRequest
from boathouse.jobs.records import Start
from boathouse.jobs.states import ResultState
from boathouse.models import Models
from boathouse.models.authority import with_authority
from boathouse.models.gates.policy import PRODUCTION
from boathouse.models.promotion.policies import stages_of
from boathouse.models.rollback.rolling_back import Order as RollbackOrder
from boathouse.models.rollback.rolling_back import Rollbacks
from boathouse.monitoring.impact.telling import impact_lines
from boathouse.monitoring.impact.touched import Impacts, Stretch
from boathouse.monitoring.incidents.acting import Order
from boathouse.monitoring.incidents.carrying_out import CarryingOut
from boathouse.monitoring.incidents.opening import LOOK_SECONDS, Opening
from boathouse.monitoring.incidents.playbook import FallBack, Page, PlaybookStep, RollBack, RunJob, ShiftTraffic
from boathouse.monitoring.incidents.playbooks import Playbooks
from boathouse.monitoring.incidents.service import Incidents, Story
from boathouse.monitoring.retraining.loop import Retraining
from boathouse.notifications.addresses import is_address
from boathouse.notifications.messages import Message
from boathouse.notifications.outbox import write
from boathouse.serving.endpoints.nouns import Endpoint, Route, ServedEntity, Wanted
from boathouse.serving.endpoints.service import Endpoints
from boathouse.wiring.deployment_jobs import ModelJobs

CHECK_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Hands:
    """The rooms that steps reach into."""

    catalog: Catalog
    models: Models
    rollbacks: Rollbacks
    endpoints: Endpoints
    jobs: Jobs
    clock: Clock
    retraining: Retraining


class PlaybookActions:
    """Does steps (``monitoring.incidents.acting.Actions``)."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._runner = ModelJobs(hands.jobs, hands.catalog)

    def problems(self, principal: Principal, step: PlaybookStep) -> str | None:
        return None  # models, endpoints and jobs may come later

    def before(self, principal: Principal, step: PlaybookStep) -> Mapping[str, Any]:
        match step.given:
            case ShiftTraffic() as given:
                routes = self._hands.endpoints.get(principal, given.endpoint).config.routes
                return {"routes": {each.entity: each.percent for each in routes}}
            case FallBack() as given:
                entity = _entity(self._hands.endpoints.get(principal, given.endpoint), given.entity)
                return {"entity": entity.name, "version": entity.version, "alias": entity.alias}
            case RollBack() as given:
                return {"version": self._production(given.model)}
            case _:
                return {}

    def do(self, principal: Principal, order: Order) -> str:
        match order.step.given:
            case ShiftTraffic() as given:
                return self._shift(principal, given)
            case FallBack() as given:
                return self._fall_back(principal, given)
            case RollBack() as given:
                return self._roll_back(principal, given, order)
            case Page() as given:
                return self._page(given, order)
            case RunJob() as given:
                return self._run(principal, given, order)
            case _:
                return self._freeze(principal, order)

    def _shift(self, principal: Principal, given: ShiftTraffic) -> str:
        config = self._hands.endpoints.get(principal, given.endpoint).config
        known = [each.name for each in config.entities]
        if unknown := [name for name in given.routes if name not in known]:
            raise InvalidInput(f"{given.endpoint} serves no {unknown[0]!r}.", hint=f"It serves {', '.join(known)}.")
        routes = tuple(Route(name, given.routes.get(name, 0.0)) for name in known if given.routes.get(name, 0.0) > 0)
        changed = self._hands.endpoints.update_config(
            principal, given.endpoint, Wanted(config.entities, routes, config.capture)
        )
        told = ", ".join(f"{each.percent:g} % to {each.entity}" for each in routes)
        return f"{told} (configuration {changed.config.version})"

    def _fall_back(self, principal: Principal, given: FallBack) -> str:
        endpoint = self._hands.endpoints.get(principal, given.endpoint)
        entity = _entity(endpoint, given.entity)
        pinned = replace(entity, version=given.version, alias=None)
        entities = tuple(pinned if each.name == entity.name else each for each in endpoint.config.entities)
        wanted = Wanted(entities, endpoint.config.routes, endpoint.config.capture)
        changed = self._hands.endpoints.update_config(principal, given.endpoint, wanted)
        return f"{entity.name} serves version {given.version} (configuration {changed.config.version})"

    def _roll_back(self, principal: Principal, given: RollBack, order: Order) -> str:
        before, now = order.facts.get("version"), self._production(given.model)
        if before is not None and now != before:
            return f"production means version {now} already; it was version {before}"
        asked = RollbackOrder(given.to, f"incident {order.incident}: {order.title}", CHECK_SECONDS)
        self._hands.rollbacks.roll_back(principal, ModelName.parse(given.model), asked)
        return f"production means version {self._production(given.model)}; it was version {now}"

    def _page(self, given: Page, order: Order) -> str:
        now = epoch_ms(self._hands.clock.now())
        payload = {
            "event_type": "incident.page", "workspace_id": "1", "timestamp_ms": now, "severity": "critical",
            "title": f"Incident {order.incident}: {order.title}", "incident": order.incident,
            "lines": [given.message or order.title, f"boathouse incident show {order.incident}"],
            "dedup_key": f"boathouse-incident-{order.incident}",
        }  # fmt: skip
        messages = [Message("incident.page", each, payload, is_address(each)) for each in given.tell]
        with self._hands.catalog.database.write() as connection:
            write(connection, messages, now)
        return f"told {', '.join(given.tell)}"

    def _run(self, principal: Principal, given: RunJob, order: Order) -> str:
        job_id = self._runner.find(principal, given.job)
        run_id = self._hands.jobs.run_now(
            principal, job_id, parameters=given.parameters, idempotency_token=order.token, start=Start(is_queued=True)
        )
        return f"run {run_id} of the job {given.job}"

    def _freeze(self, principal: Principal, order: Order) -> str:
        assert order.step.freeze_retraining is not None
        model = order.step.freeze_retraining.model
        reason = f"incident {order.incident}: {order.title}"
        self._hands.retraining.freeze(principal, ModelName.parse(model), reason)
        return f"no training of {model} starts by itself"

    def _production(self, model: str) -> int | None:
        name = ModelName.parse(model)
        revision = self._hands.models.requirements.deployed(str(name))
        alias = stages_of(revision.requirements if revision else None)[PRODUCTION]
        return self._hands.models.registry.aliases.of(name).get(alias)


class JobsOfPlaybooks:
    """The jobs that run playbooks (``monitoring.incidents.acting.PlaybookJobs``)."""

    def __init__(self, jobs: Jobs, catalog: Catalog) -> None:
        self._jobs = jobs
        self._catalog = catalog

    def ensure(self, name: str, owner: str, titles: list[str], known: int | None) -> int:
        acting = with_authority(Principal(owner))
        wanted = read_job(_settings(name, owner, titles))
        if known is not None:
            with suppress(NotFound):
                found = self._jobs.get(acting, known)
                if found.settings.to_json() != wanted.to_json() or found.run_as != owner:
                    self._jobs.reset(acting, known, wanted)
                return known
        return self._jobs.create(acting, wanted)

    def remove(self, job_id: int) -> None:
        with suppress(NotFound):
            self._jobs.delete(SYSTEM, job_id)

    def require_may_run(self, principal: Principal, job_id: int) -> None:
        self._catalog.grants.require(principal, Privilege.RUN_JOB, SecurableKind.JOB, str(job_id))

    def run(self, asked_by: Principal, job_id: int, incident: int, token: str) -> int:
        parameters, start = {"incident": str(incident)}, Start(is_queued=True)
        return self._jobs.run_now(asked_by, job_id, parameters=parameters, idempotency_token=token, start=start)

    def go_on(self, run_id: int) -> bool:
        run = self._jobs.get_run(SYSTEM, run_id)
        if not run.state.life_cycle.is_final:
            return False
        if run.state.result is ResultState.SUCCESS:
            raise Conflict(f"Run {run_id} of the playbook has succeeded; nothing is left to do.")
        request = RepairRequest(
            rerun_all_failed_tasks=True, rerun_dependent_tasks=True, latest_repair_id=run.latest_repair_id
        )
        self._jobs.repairs.begin(SYSTEM, run_id, request)
        return True

    def state(self, run_id: int) -> str | None:
        try:
            run = self._jobs.get_run(SYSTEM, run_id)
        except NotFound:
            return None
        return str((run.state.result or run.state.life_cycle).value)


def _settings(name: str, owner: str, titles: list[str]) -> dict[str, Any]:
    tasks: list[dict[str, Any]] = []
    for position, title in enumerate(titles, start=1):
        task: dict[str, Any] = {
            "task_key": f"step_{position}",
            "description": title[:1000],
            "python_wheel_task": {
                "package_name": "boathouse",
                "entry_point": "playbook_step",
                "named_parameters": {"incident": "{{job.parameters.incident}}", "step": str(position)},
            },
        }
        if position > 1:
            task["depends_on"] = [{"task_key": f"step_{position - 1}"}]
        tasks.append(task)
    return {
        "name": f"Playbook {name}"[:400],
        "description": "Made from the playbook; change that, not this.",
        "parameters": [{"name": "incident", "default": ""}],
        "tasks": tasks,
        "max_concurrent_runs": 10,
        "queue": {"enabled": True},
        "run_as": {"user_name": owner},
    }


def _entity(endpoint: Endpoint, name: str | None) -> ServedEntity:
    entities = endpoint.config.entities
    found = [each for each in entities if name in (None, each.name)]
    if len(found) != 1:
        known = ", ".join(each.name for each in entities)
        raise InvalidInput(f"Say which entity of {endpoint.name}: it serves {known}.")
    return found[0]


@dataclass(frozen=True, slots=True)
class IncidentRoom:
    """The verbs on incidents and playbooks, and what goes on by itself."""

    incidents: Incidents
    playbooks: Playbooks
    carrying_out: CarryingOut
    loop: Loop

    def start(self) -> None:
        self.loop.start()

    def stop(self) -> None:
        self.loop.stop()


def build_incidents(hands: Hands) -> IncidentRoom:
    """Join them."""
    catalog, clock = hands.catalog, hands.clock
    actions, jobs = PlaybookActions(hands), JobsOfPlaybooks(hands.jobs, catalog)
    playbooks = Playbooks(catalog, actions, jobs, clock)
    incidents = Incidents(catalog, playbooks, jobs, clock)
    opening = Opening(catalog, incidents, clock)
    loop = Loop("incidents", LOOK_SECONDS, opening.look, trouble="Incidents could not be opened")
    return IncidentRoom(incidents, playbooks, CarryingOut(catalog, actions, clock), loop)


def touched_by(impacts: Impacts) -> Callable[[Principal, Story], Sequence[str]]:
    """What an incident's review says of what was touched, as far as its reader may know."""

    def lines(principal: Principal, story: Story) -> Sequence[str]:
        incident = story.incident
        if not incident.is_table:
            return ()
        since = incident.window[0] if incident.window is not None else incident.opened_at
        columns = [each.series.get("column") for each in story.firings]
        column = next((each for each in columns if each not in (None, ":table")), None)
        name = incident.subject if column is None else f"{incident.subject}.{column}"
        try:
            return impact_lines(impacts.of(principal, name, Stretch(since, incident.closed_at)))
        except BoathouseError as error:
            return (f"It could not be found out: {error.message}",)

    return lines
