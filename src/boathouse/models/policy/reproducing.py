"""What a task that reproduces a model may do at MLflow's door: log to runs of its own, and nothing to the registry.

Its code shall not notice: a version that it registers is the one it registered then, and a tag or an alias that it sets
is answered as if it were set. What was held back is written down with the reproduction.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from boathouse.foundation.context import TaskContext
from boathouse.foundation.errors import Denied
from boathouse.models.policy.call import Call, Reply, items, json_reply
from boathouse.models.policy.desk import Desk
from boathouse.models.policy.rules import Route

_REFUSED = frozenset(
    {
        "renameRegisteredModel", "deleteRegisteredModel", "deleteModelVersion", "createWebhook", "updateWebhook",
        "deleteWebhook", "testWebhook", "deleteExperiment", "restoreExperiment", "updateExperiment", "generateDemo",
        "deleteDemo",
    }
)  # fmt: skip
_OF_RUNS = ("run_id", "run_uuid")


class Reproducing(Protocol):
    """Remembers what is held back."""

    def register(self, id: str, model: str, source: str, run_id: str | None) -> int | None: ...

    def hold_back(self, id: str, what: str) -> None: ...

    def is_own_run(self, task: TaskContext, run_id: str) -> bool: ...


def require_harmless(reproducing: Reproducing, task: TaskContext, route: Route, call: Call) -> None:
    """Refuse what would change something that is not of the reproduction, and cannot be answered as if it had.

    Raises:
        Denied: It would.
    """
    if route.action in _REFUSED:
        raise Denied(
            f"The task {task.task_key} reproduces a model; {route.action} is not for it.",
            hint="Let what changes models and experiments be a task of its own.",
        )
    if call.method in ("GET", "HEAD") or route.action is None:
        return
    for run_id in [*call.values(*_OF_RUNS), *(str(each) for each in items(call.body.get("source_run_id")))]:
        if not reproducing.is_own_run(task, run_id) and route.action not in _HELD and route.action != _CREATE:
            raise Denied(
                f"The task {task.task_key} reproduces a model; it may only write to runs that it has started itself, "
                f"not to {run_id}.",
                hint="Start a run in the task with mlflow.start_run().",
            )


def held_back(reproducing: Reproducing, task: TaskContext, desk: Desk, route: Route, call: Call) -> Reply | None:
    """The answer to a change of the registry that is not made; None where there is nothing to hold back."""
    assert task.reproduction is not None
    if route.action == _CREATE:
        return _created(reproducing, task.reproduction, desk, call)
    answer = _HELD.get(route.action or "")
    if answer is None:
        return None
    told = (_SPOKEN[route.action or ""], *call.values("alias", "key"), _subject(call))
    reproducing.hold_back(task.reproduction, " ".join(filter(None, told)))
    return json_reply(answer(desk, call))


def _created(reproducing: Reproducing, id: str, desk: Desk, call: Call) -> Reply:
    name = str(desk.model_name(call.require("name")))
    version = reproducing.register(id, name, call.require("source"), call.value("run_id"))
    if version is None:
        raise Denied(
            f"The code registers {name}, which it did not then.",
            hint="A reproduction makes no new versions; is the code of another commit?",
        )
    return json_reply(_version(desk, name, str(version)))


def _version(desk: Desk, name: str, version: str) -> dict[str, Any]:
    from mlflow.utils.proto_json_utils import message_to_json

    stores = desk.models.stores
    found = stores.call(lambda: stores.registry.get_model_version(name, version))
    return {"model_version": json.loads(message_to_json(found.to_proto()))}


def _version_as_it_is(desk: Desk, call: Call) -> dict[str, Any]:
    return _version(desk, str(desk.model_name(call.require("name"))), call.require("version"))


def _model_as_it_is(desk: Desk, call: Call) -> dict[str, Any]:
    from mlflow.utils.proto_json_utils import message_to_json

    stores, name = desk.models.stores, str(desk.model_name(call.require("name")))
    found = stores.call(lambda: stores.registry.get_registered_model(name))
    return {"registered_model": json.loads(message_to_json(found.to_proto()))}


def _nothing(desk: Desk, call: Call) -> dict[str, Any]:
    return {}


def _subject(call: Call) -> str:
    return "@".join([*call.values("name")[:1], *call.values("version")[:1]])


_CREATE = "createModelVersion"
_HELD: Mapping[str, Callable[[Desk, Call], dict[str, Any]]] = {
    "updateRegisteredModel": _model_as_it_is,
    "updateModelVersion": _version_as_it_is,
    "transitionModelVersionStage": _version_as_it_is,
    "setRegisteredModelTag": _nothing,
    "deleteRegisteredModelTag": _nothing,
    "setModelVersionTag": _nothing,
    "deleteModelVersionTag": _nothing,
    "setRegisteredModelAlias": _nothing,
    "deleteRegisteredModelAlias": _nothing,
}
_SPOKEN = {
    "updateRegisteredModel": "change the description of",
    "updateModelVersion": "change the description of",
    "transitionModelVersionStage": "move the stage of",
    "setRegisteredModelTag": "set the tag",
    "deleteRegisteredModelTag": "delete the tag",
    "setModelVersionTag": "set the tag",
    "deleteModelVersionTag": "delete the tag",
    "setRegisteredModelAlias": "set the alias",
    "deleteRegisteredModelAlias": "delete the alias",
}
