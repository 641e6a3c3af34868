"""Routes of experiments, runs, metrics and logged models."""

from typing import Any, cast

from boathouse.catalog import METASTORE_NAME, SecurableKind
from boathouse.foundation.context import current_request
from boathouse.foundation.errors import Denied
from boathouse.models.policy.call import Call, Reply, items, part
from boathouse.models.policy.desk import MANAGE, READ, WRITE, Desk, Forward, Target
from boathouse.models.policy.narrowing import Searched
from boathouse.models.policy.rules import (
    Check,
    Route,
    administrators,
    anybody,
    every,
    experiment,
    logged_model,
    logged_model_content,
    run,
)
from boathouse.models.policy.search import readable_experiments, within_reach
from boathouse.models.runs import RESERVED_PREFIX, USER_TAG, refuse_reserved, tags_of, with_server_tags

DEFAULT_EXPERIMENT = "0"
FINAL_STATES = frozenset({"FINISHED", "FAILED", "KILLED", "3", "4", "5"})
"""By name, or by number in MLflow's protocol."""


# --- checks


def may_create_experiment(desk: Desk, call: Call) -> Target:
    if call.value("artifact_location") and not desk.principal.is_admin:
        raise Denied(
            "Only administrators may choose where an experiment keeps its artifacts.",
            hint="Leave artifact_location out: Boathouse keeps them under the experiment's grants.",
        )
    desk.models.experiments.require_create(desk.principal)
    return SecurableKind.METASTORE, METASTORE_NAME


def experiment_by_name(desk: Desk, call: Call) -> Target | None:
    found = desk.models.stores.experiment_named(call.require("experiment_name"))
    return desk.experiment(READ, str(found.experiment_id)) if found is not None else None


def may_create_run(desk: Desk, call: Call) -> Target:
    if not call.values("experiment_id"):
        call.put("experiment_id", DEFAULT_EXPERIMENT)
    return desk.experiment(WRITE, call.require("experiment_id"))


def models_in(field: str | None) -> Check:
    """Whoever writes metrics or links to logged models must be allowed to write those too."""

    def check(desk: Desk, call: Call) -> None:
        entries = [call.body] if field is None else list(items(part(call.body, field)))
        for model_id in {part(entry, "model_id") for entry in entries} - {None, ""}:
            desk.logged_model(WRITE, str(model_id))

    return check


def source_run(desk: Desk, call: Call) -> None:
    if run_id := call.value("source_run_id"):
        desk.run(READ, run_id)


def server_tags_stay(desk: Desk, call: Call) -> None:
    """Refuse tags that only the server may set, wherever a request carries tags."""
    tags = part(call.body, "tags")
    names: list[object] = [part(tag, "key") for tag in items(tags) if isinstance(tag, dict)]
    if isinstance(tags, dict):
        names += list(cast(dict[str, Any], tags))
    refuse_reserved([*names, *call.values("key", "tag_key")])


def signed(desk: Desk, call: Call) -> None:
    """For new things, whose client always says who its user is: the server's word takes the place of that."""
    tags = part(call.body, "tags")
    if isinstance(tags, dict):
        given = cast(dict[str, Any], tags)
        refuse_reserved(key for key in given if key.startswith(RESERVED_PREFIX))
        if USER_TAG in given:
            call.put("tags", {**given, USER_TAG: desk.principal.name})
        return
    keys = [part(tag, "key") for tag in items(tags)]
    refuse_reserved(key for key in keys if str(key).startswith(RESERVED_PREFIX))
    if USER_TAG in keys:
        call.put("tags", with_server_tags(items(tags), {USER_TAG: desk.principal.name}))


# --- serving


def create_experiment(desk: Desk, call: Call, forward: Forward) -> Reply:
    name = call.require("name")
    with desk.models.intents.alone_with(name):
        return desk.models.experiments.creating(
            desk.principal,
            name,
            lambda: forward(call),
            lambda reply: cast(str | None, reply.json().get("experiment_id")) if reply.is_good else None,
        )


def update_experiment(desk: Desk, call: Call, forward: Forward) -> Reply:
    reply = forward(call)
    if reply.is_good and (name := call.value("new_name")):
        desk.models.experiments.renamed(desk.principal, call.require("experiment_id"), name)
    return reply


def create_run(desk: Desk, call: Call, forward: Forward) -> Reply:
    task = current_request().task
    given = [*items(part(call.body, "tags"))]
    call.put("tags", with_server_tags(given, tags_of(desk.principal, task)))
    if "user_id" in call.body or "userId" in call.body:
        call.put("user_id", desk.principal.name)
    reply = forward(call)
    if reply.is_good:
        info = reply.json()["run"]["info"]
        desk.models.stores.remember_run(info["run_id"], info["experiment_id"])
        if task is not None:
            desk.models.task_runs.started(
                desk.principal, info["run_id"], info["experiment_id"], info["artifact_uri"], task
            )
    return reply


def update_run(desk: Desk, call: Call, forward: Forward) -> Reply:
    reply = forward(call)
    if reply.is_good and current_request().task is not None and call.value("status") in FINAL_STATES:
        desk.models.task_runs.ended(call.require("run_id", "run_uuid"))
    return reply


EXPERIMENTS = "/api/2.0/mlflow/experiments"
RUNS = "/api/2.0/mlflow/runs"
LOGGED = "/api/2.0/mlflow/logged-models"

_search_experiments = within_reach(Searched.EXPERIMENTS)
_log_to_run = every(run(WRITE), server_tags_stay)

ROUTES = (
    Route("POST", f"{EXPERIMENTS}/create", every(may_create_experiment, signed), "createExperiment",
          create_experiment),
    Route("GET", f"{EXPERIMENTS}/get", experiment(READ)),
    Route("GET", f"{EXPERIMENTS}/get-by-name", experiment_by_name),
    Route("POST", f"{EXPERIMENTS}/delete", experiment(MANAGE), "deleteExperiment"),
    Route("POST", f"{EXPERIMENTS}/restore", experiment(MANAGE), "restoreExperiment"),
    Route("POST", f"{EXPERIMENTS}/update", experiment(MANAGE), "updateExperiment", update_experiment),
    Route("POST", f"{EXPERIMENTS}/set-experiment-tag", every(experiment(WRITE), server_tags_stay), "setExperimentTag"),
    Route("POST", f"{EXPERIMENTS}/delete-experiment-tag", every(experiment(WRITE), server_tags_stay),
          "deleteExperimentTag"),
    Route("GET", f"{EXPERIMENTS}/search", anybody, serve=_search_experiments),
    Route("POST", f"{EXPERIMENTS}/search", anybody, serve=_search_experiments),
    Route("POST", f"{EXPERIMENTS}/search-datasets", readable_experiments()),
    Route("POST", "/api/2.0mlflow/experiments/search-datasets", readable_experiments()),  # MLflow's own slip
    Route("POST", f"{RUNS}/create", every(may_create_run, signed), "createRun", create_run),
    Route("POST", f"{RUNS}/create-promptlab-run", every(experiment(WRITE), signed), "createRun"),
    Route("GET", f"{RUNS}/get", run(READ)),
    Route("POST", f"{RUNS}/search", readable_experiments()),
    Route("POST", f"{RUNS}/update", run(WRITE), "updateRun", update_run),
    Route("POST", f"{RUNS}/delete", run(WRITE), "deleteRun"),
    Route("POST", f"{RUNS}/restore", run(WRITE), "restoreRun"),
    Route("POST", f"{RUNS}/set-tag", _log_to_run, "setRunTag", is_frequent=True),
    Route("POST", f"{RUNS}/delete-tag", _log_to_run, "deleteRunTag", is_frequent=True),
    Route("POST", f"{RUNS}/log-parameter", run(WRITE), "logToRun", is_frequent=True),
    Route("POST", f"{RUNS}/log-metric", every(run(WRITE), models_in(None)), "logToRun", is_frequent=True),
    Route("POST", f"{RUNS}/log-batch", every(_log_to_run, models_in("metrics")), "logToRun", is_frequent=True),
    Route("POST", f"{RUNS}/log-model", run(WRITE), "logToRun", is_frequent=True),
    Route("POST", f"{RUNS}/log-inputs", every(run(WRITE), models_in("models")), "logToRun", is_frequent=True),
    Route("POST", f"{RUNS}/outputs", every(run(WRITE), models_in("models")), "logToRun", is_frequent=True),
    Route("GET", "/api/2.0/mlflow/metrics/get-history", run(READ)),
    Route("GET", "/api/2.0/mlflow/metrics/get-history-bulk", run(READ, "run_id")),
    Route("GET", "/api/2.0/mlflow/metrics/get-history-bulk-interval", run(READ, "run_ids")),
    Route("POST", LOGGED, every(experiment(WRITE), source_run, signed), "createLoggedModel"),
    Route("POST", f"{LOGGED}/search", readable_experiments()),
    Route("GET", f"{LOGGED}/<model_id>", logged_model_content),
    Route("PATCH", f"{LOGGED}/<model_id>", logged_model(WRITE), "finalizeLoggedModel"),
    Route("DELETE", f"{LOGGED}/<model_id>", logged_model(WRITE), "deleteLoggedModel"),
    Route("GET", f"{LOGGED}/<model_id>/artifacts/directories", logged_model_content),
    Route("GET", f"{LOGGED}/<model_id>/artifacts/files", logged_model_content, "downloadArtifact", is_frequent=True),
    Route("POST", f"{LOGGED}/<model_id>/params", logged_model(WRITE), "logToModel", is_frequent=True),
    Route("PATCH", f"{LOGGED}/<model_id>/tags", every(logged_model(WRITE), server_tags_stay), "setLoggedModelTags",
          is_frequent=True),
    Route("DELETE", f"{LOGGED}/<model_id>/tags/<tag_key>", every(logged_model(WRITE), server_tags_stay),
          "deleteLoggedModelTag"),
    Route("POST", "/api/3.0/mlflow/demo/generate", administrators("a demo writes into everybody's experiments"),
          "generateDemo"),
    Route("POST", "/api/3.0/mlflow/demo/delete", administrators("a demo writes into everybody's experiments"),
          "deleteDemo"),
)  # fmt: skip
