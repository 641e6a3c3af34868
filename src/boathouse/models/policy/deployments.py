"""Deployment jobs and approvals through MLflow's API.

MLflow's database has no place for a model's ``deployment_job_id``: we keep it, and answer it back. A tag of a version
that is called like the approval task, set to ``Approved`` or ``Rejected``, is a signature: the same verb as ours, with
the same checks.
"""

from typing import Any, cast

from boathouse.catalog import Privilege
from boathouse.foundation.errors import InvalidInput
from boathouse.models.approval.nouns import Say
from boathouse.models.approval.signatures import Word
from boathouse.models.approval.tagging import is_approval_key, say_of
from boathouse.models.policy.call import Call, JsonObject, Reply, camel, items, json_reply, part, version_number
from boathouse.models.policy.desk import Desk, Forward, Target
from boathouse.models.policy.rules import Check, Serve, model

JOB = "deployment_job_id"
_THROUGH = "mlflow"


# --- the job of a model


def may_name_job(desk: Desk, call: Call) -> Target | None:
    """Whoever names a job for a model must be allowed to run it."""
    jobs = desk.models.deployment_jobs
    if jobs is not None and (job := call.value(JOB)):
        jobs.require_may_name(desk.principal, job)
    return None


def naming_job(serve: Serve) -> Serve:
    """Keep the job that a call which creates or updates a model names."""

    def naming(desk: Desk, call: Call, forward: Forward) -> Reply:
        jobs = desk.models.deployment_jobs
        if jobs is None or not _names(call, JOB):
            return with_job(serve)(desk, call, forward)
        job = call.value(JOB)
        only_the_job = call.method == "PATCH" and not _names(call, "description")
        # MLflow would take an update without a description as one to no description.
        reply = _as_it_is(desk, call) if only_the_job else serve(desk, call, forward)
        if reply.is_good:
            jobs.name_job(desk.principal, call.require("name"), job)
        return _shown(desk, reply)

    return naming


def with_job(serve: Serve | None) -> Serve:
    """Say in the answer which job each model has."""

    def showing(desk: Desk, call: Call, forward: Forward) -> Reply:
        return _shown(desk, forward(call) if serve is None else serve(desk, call, forward))

    return showing


def _names(call: Call, field: str) -> bool:
    return field in call.body or camel(field) in call.body


def _as_it_is(desk: Desk, call: Call) -> Reply:
    found = desk.models.stores.call(lambda: desk.models.stores.registry.get_registered_model(call.require("name")))
    from mlflow.utils.proto_json_utils import message_to_json

    reply = Reply(200, [("content-type", "application/json")], message_to_json(found.to_proto()).encode())
    return json_reply({"registered_model": reply.json()})


def _shown(desk: Desk, reply: Reply) -> Reply:
    jobs = desk.models.deployment_jobs
    if jobs is None or not reply.is_good:
        return reply
    reply = reply.whole()
    answer = reply.json()
    models = [*items(answer.get("registered_model")), *items(answer.get("registered_models"))]
    shown = [cast(JsonObject, each) for each in models if isinstance(each, dict)]
    named = jobs.named_jobs([str(each.get("name")) for each in shown])
    if not named:
        return reply
    for each in shown:
        if job := named.get(str(each.get("name"))):
            each |= {JOB: job, "deployment_job_state": "CONNECTED"}
    return reply.with_json(answer)


# --- signatures


def may_sign_or(check: Check) -> Check:
    """To sign, one has to be able to read the model; who may sign is asked later. Other tags fall under ``check``."""

    def may(desk: Desk, call: Call) -> Target | None:
        key = call.value("key") or ""
        signs = is_approval_key(key) if call.method == "DELETE" else say_of(key, call.value("value") or "") is not None
        return model(Privilege.EXECUTE)(desk, call) if signs and _is_asked(desk, call) else check(desk, call)

    return may


def signing(desk: Desk, call: Call, forward: Forward) -> Reply:
    """A tag that signs is a signature; the server sets the tag itself, when enough have signed."""
    say = say_of(call.require("key"), call.value("value") or "")
    if say is None:
        _refuse_forged(desk, call)
        return forward(call)
    if not _is_asked(desk, call):
        return forward(call)  # nothing of ours looks at it
    reason = f"the tag {call.require('key')} was set to {call.require('value')}"
    desk.models.approvals.say(
        desk.principal,
        desk.model_name(call.require("name")),
        version_number(call.require("version")),
        Word(say, reason, through=_THROUGH),
    )
    return json_reply({})


def withdrawing(desk: Desk, call: Call, forward: Forward) -> Reply:
    """Whoever takes the tag away takes back what they have said."""
    if not is_approval_key(call.require("key")) or not _is_asked(desk, call):
        return forward(call)
    word = Word(Say.WITHDRAWN, f"the tag {call.require('key')} was removed", through=_THROUGH)
    desk.models.approvals.say(
        desk.principal, desk.model_name(call.require("name")), version_number(call.require("version")), word
    )
    return json_reply({})


def unsigned(desk: Desk, call: Call) -> Target | None:
    """A new version brings no signatures along: those of another version, copied with its tags, are left behind."""
    tags = part(call.body, "tags")
    if isinstance(tags, list):
        kept = [tag for tag in cast(list[Any], tags) if not is_approval_key(str(part(tag, "key")))]
        if len(kept) < len(tags) and _is_asked(desk, call):
            call.put("tags", kept)
    return None


def _is_asked(desk: Desk, call: Call) -> bool:
    """Whether anybody has said what the model has to meet; else a tag is only a tag."""
    return desk.models.requirements.deployed(str(desk.model_name(call.require("name")))) is not None


def _refuse_forged(desk: Desk, call: Call) -> None:
    """What stands in the tag is what was said, and nothing else."""
    key = call.require("key")
    if is_approval_key(key) and _is_asked(desk, call):
        raise InvalidInput(
            f"The tag {key!r} says how the signatures stand; {call.value('value')!r} is none.",
            hint="Set it to Approved or Rejected, or remove it to take yours back.",
        )
