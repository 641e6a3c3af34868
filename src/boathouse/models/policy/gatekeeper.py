"""The gatekeeper that every request to MLflow passes: find the rule, judge, forward, write down."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from boathouse.foundation.context import TaskContext, current_request
from boathouse.foundation.errors import BoathouseError, NotFound
from boathouse.foundation.principals import Principal
from boathouse.models.policy.call import Call, Reply
from boathouse.models.policy.desk import Desk, Target
from boathouse.models.policy.reproducing import Reproducing, held_back, require_harmless
from boathouse.models.policy.rules import Route
from boathouse.models.policy.table import RouteTable

if TYPE_CHECKING:
    from boathouse.models.parts import ModelParts

REPEAT_SECONDS = 600.0
"""A frequent verb (logging to a run, reading a file) is recorded once in this time per principal and target."""
REMEMBERED_EVENTS = 20_000
DOWNLOADED = "downloadArtifact"

Forward = Callable[[Call], Reply]


@dataclass(frozen=True, slots=True)
class Admission:
    """A request that may go on."""

    principal: Principal
    route: Route
    call: Call
    target: Target | None


class Gatekeeper:
    """Lets requests through to MLflow as the policy says."""

    def __init__(self, models: "ModelParts", table: RouteTable | None = None) -> None:
        self._models = models
        self._table = table or RouteTable()
        self._recorded = _Lately(REPEAT_SECONDS)
        self._reproducing: Reproducing | None = None

    def hold_back_with(self, reproducing: Reproducing) -> None:
        """What tasks that reproduce models would change is told to this, and not changed."""
        self._reproducing = reproducing

    def route(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """The rule that a request falls under.

        Raises:
            NotFound: MLflow has no such route, or one that Boathouse has no rule for.
        """
        match = self._table.find(method, path)
        if match is None:
            raise NotFound(f"There is nothing at {method} {path}.", hint="The REST API is described at /docs.")
        return match.route, match.params

    def admit(self, principal: Principal, route: Route, call: Call) -> Admission:
        """Judge a request; a refusal is written down."""
        desk = Desk(principal, self._models)
        try:
            target = route.check(desk, call)
            if (task := _task_that_reproduces()) is not None and self._reproducing is not None:
                require_harmless(self._reproducing, task, route, call)
        except BoathouseError as error:
            if route.action is not None or _is_refusal(error):
                self._models.catalog.audit.record(
                    principal,
                    "models",
                    route.action or "read",
                    status_code=_STATUS_OF_REFUSAL.get(error.error_code, 400),
                    error=str(error),
                    params={"path": call.path},
                )
            raise
        return Admission(principal, route, call, target)

    def answer(self, admission: Admission, forward: Forward) -> Reply:
        """Let MLflow answer a request that was admitted, and write down how it went."""
        serve = admission.route.serve
        desk = Desk(admission.principal, self._models)
        held = self._held_back(desk, admission)
        if held is not None:
            return held
        reply = forward(admission.call) if serve is None else serve(desk, admission.call, forward)
        self.record(admission, reply.status, reply.error_message)
        return reply

    def _held_back(self, desk: Desk, admission: Admission) -> Reply | None:
        task = _task_that_reproduces()
        if task is None or self._reproducing is None:
            return None
        return held_back(self._reproducing, task, desk, admission.route, admission.call)

    def record(self, admission: Admission, status: int, error: str | None = None) -> None:
        """Write down what an admitted request did."""
        action = admission.route.action
        if action is None:
            return
        if action == DOWNLOADED and status < 400 and (path := admission.call.params.get("artifact_path")):
            self._models.loads.downloaded(admission.principal, path)
        kind, name = admission.target or (None, None)
        if admission.route.is_frequent and status < 400:
            run = next(iter(admission.call.values("run_id", "run_uuid", "model_id")), "")
            if not self._recorded.is_new((admission.principal.name, action, name or "", run)):
                return
        self._models.catalog.audit.record(
            admission.principal,
            "models",
            action,
            kind=kind,
            name=name,
            status_code=status,
            error=error,
            params=_params(admission.call),
        )


def _task_that_reproduces() -> TaskContext | None:
    task = current_request().task
    return task if task is not None and task.reproduction is not None else None


_STATUS_OF_REFUSAL = {
    "PERMISSION_DENIED": 403,
    "RESOURCE_DOES_NOT_EXIST": 404,
    "RESOURCE_ALREADY_EXISTS": 409,
    "TEMPORARILY_UNAVAILABLE": 503,
}
_TOLD = ("run_id", "run_uuid", "name", "version", "alias", "experiment_name", "model_id", "artifact_path", "key")


def _is_refusal(error: BoathouseError) -> bool:
    return error.error_code == "PERMISSION_DENIED"


def _params(call: Call) -> dict[str, str]:
    return {name: values[0] for name in _TOLD if (values := call.values(name))}


class _Lately:
    """What has been seen within some seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._seen: OrderedDict[tuple[str, ...], float] = OrderedDict()
        self._lock = Lock()

    def is_new(self, key: tuple[str, ...]) -> bool:
        now = time.monotonic()
        with self._lock:
            before = self._seen.get(key)
            if before is not None and now - before < self._seconds:
                return False
            self._seen[key] = now
            self._seen.move_to_end(key)
            while len(self._seen) > REMEMBERED_EVENTS:
                self._seen.popitem(last=False)
            return True
