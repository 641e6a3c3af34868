"""Routes of registered models, their versions and aliases; prompts are registered models too."""

from boathouse.catalog import Privilege, SecurableKind
from boathouse.foundation.errors import AlreadyExists, Denied, InvalidInput
from boathouse.models.artifact_addresses import artifact_path
from boathouse.models.policy.call import Call, Reply, items, part, version_number
from boathouse.models.policy.deployments import (
    may_name_job,
    may_sign_or,
    naming_job,
    signing,
    unsigned,
    with_job,
    withdrawing,
)
from boathouse.models.policy.desk import READ, Desk, Forward, Target
from boathouse.models.policy.narrowing import Searched
from boathouse.models.policy.rules import Check, Route, administrators, anybody, every, model
from boathouse.models.policy.search import require_plain_token, within_reach
from boathouse.models.policy.tracking import server_tags_stay, signed

P = Privilege
PROMPT_SOURCE = "prompt-template"
"""What MLflow writes as the source of a prompt, which has no files."""


# --- checks


def may_create_model(desk: Desk, call: Call) -> Target:
    name = desk.model_name(call.require("name"))
    if desk.may_use_model(P.EXECUTE, str(name)) or desk.may_use_model(P.CREATE_MODEL_VERSION, str(name)):
        # Clients create a model before each version and go on when it is there; they need not be able to make one.
        raise AlreadyExists(f"Registered Model (name={name}) already exists.")
    desk.models.registry.require_create(desk.principal, name)
    call.put("name", str(name))
    return SecurableKind.SCHEMA, str(name.parent)


def model_with_any(*privileges: Privilege) -> Check:
    """Any one of the privileges on the model will do."""

    def check(desk: Desk, call: Call) -> Target | None:
        name = call.require("name")
        sufficient = next((each for each in privileges if desk.may_use_model(each, name)), privileges[0])
        return model(sufficient)(desk, call)

    return check


def may_create_version(desk: Desk, call: Call) -> Target | None:
    """A version shows its readers the content of its source: the maker must be allowed to read it."""
    target = model(P.CREATE_MODEL_VERSION)(desk, call)
    if run_id := call.value("run_id"):
        desk.run(READ, run_id)
    if model_id := call.value("model_id"):
        desk.logged_model(READ, model_id)
    _may_read_source(desk, call, call.require("source"))
    return target


def may_rename(desk: Desk, call: Call) -> Target | None:
    target = model(P.MANAGE)(desk, call)
    new_name = desk.model_name(call.require("new_name"))
    desk.models.registry.require_create(desk.principal, new_name)
    call.put("new_name", str(new_name))
    return target


def _may_read_source(desk: Desk, call: Call, source: str) -> None:
    if source.startswith("models:/"):
        name = source.removeprefix("models:/").partition("@")[0].strip("/")
        parts = name.split("/")
        if len(parts) == 1 and "." not in name:
            desk.logged_model(READ, name)
        else:
            desk.model(P.EXECUTE, parts[0])
    elif source.startswith("runs:/"):
        desk.run(READ, source.removeprefix("runs:/").strip("/").partition("/")[0])
    elif (path := artifact_path(source)) is not None:
        desk.artifact(READ, path)
    elif not _is_prompt(call, source) and not desk.principal.is_admin:
        raise Denied(
            f"Only administrators may register {source!r}: its content is not under Boathouse's grants.",
            hint="Register from a run or a logged model.",
        )


def _is_prompt(call: Call, source: str) -> bool:
    keys = [part(tag, "key") for tag in items(part(call.body, "tags"))]
    return source == PROMPT_SOURCE and "mlflow.prompt.is_prompt" in keys


def numbered(desk: Desk, call: Call) -> None:
    """The version that is named has to be a number that there can be."""
    version_number(call.require("version"))


def fitting_texts(desk: Desk, call: Call) -> None:
    """What a model or a version says of itself has to fit into MLflow's database, whichever that is.

    Raises:
        InvalidInput: It is too long.
    """
    given = [("The description", call.value("description"))]
    if call.path.startswith(MODELS):
        given += [
            (f"The tag {str(part(tag, 'key'))[:40]!r}", part(tag, "value")) for tag in items(part(call.body, "tags"))
        ]
        given.append((f"The tag {(call.value('key') or '')[:40]!r}", call.value("value")))
    for what, text in given:
        if isinstance(text, str) and (len(text) > LONGEST_TEXT or "\0" in text):
            raise InvalidInput(f"{what} is not valid: at most {LONGEST_TEXT:,} characters, none of them NUL.")


# --- serving


def create_model(desk: Desk, call: Call, forward: Forward) -> Reply:
    comment = call.value("description")
    tags = {str(part(tag, "key")): str(part(tag, "value")) for tag in items(part(call.body, "tags"))}
    return desk.models.registry.creating(
        desk.principal,
        desk.model_name(call.require("name")),
        lambda: forward(call),
        succeeded=lambda reply: reply.is_good,
        comment=comment,
        tags=tags,
    )


def delete_model(desk: Desk, call: Call, forward: Forward) -> Reply:
    name = desk.model_name(call.require("name"))
    return desk.models.registry.deleting(
        desk.principal, name, lambda: forward(call), succeeded=lambda reply: reply.is_good
    )


def rename_model(desk: Desk, call: Call, forward: Forward) -> Reply:
    name, new_name = desk.model_name(call.require("name")), desk.model_name(call.require("new_name"))
    return desk.models.registry.renaming(
        desk.principal, name, new_name, lambda: forward(call), succeeded=lambda reply: reply.is_good
    )


def mirrored(desk: Desk, call: Call, forward: Forward) -> Reply:
    """Comment and tags of a model stand in the catalog too."""
    name = call.require("name")
    with desk.models.intents.alone_with(name):
        reply = forward(call)
        if reply.is_good:
            desk.models.registry.mirror(desk.principal, name)
        return reply


def create_version(desk: Desk, call: Call, forward: Forward) -> Reply:
    def version_of(reply: Reply) -> int | None:
        return int(reply.json()["model_version"]["version"]) if reply.is_good else None

    name = desk.model_name(call.require("name"))
    return desk.models.registry.creating_version(desk.principal, name, lambda: forward(call), version_of)


def delete_version(desk: Desk, call: Call, forward: Forward) -> Reply:
    return desk.models.registry.deleting_version(
        desk.principal,
        desk.model_name(call.require("name")),
        version_number(call.require("version")),
        lambda: forward(call),
        succeeded=lambda reply: reply.is_good,
    )


def set_alias(desk: Desk, call: Call, forward: Forward) -> Reply:
    return desk.models.registry.aliases.moving(
        desk.principal,
        desk.model_name(call.require("name")),
        call.require("alias"),
        version_number(call.require("version")),
        lambda: forward(call),
        succeeded=lambda reply: reply.is_good,
    )


def delete_alias(desk: Desk, call: Call, forward: Forward) -> Reply:
    return desk.models.registry.aliases.moving(
        desk.principal,
        desk.model_name(call.require("name")),
        call.require("alias"),
        None,
        lambda: forward(call),
        succeeded=lambda reply: reply.is_good,
    )


def move_to_stage(desk: Desk, call: Call, forward: Forward) -> Reply:
    return desk.models.registry.aliases.staging(
        desk.principal,
        desk.model_name(call.require("name")),
        version_number(call.require("version")),
        call.require("stage"),
        lambda: forward(call),
    )


LONGEST_TEXT = 5_000
"""Of a description, and of the tag of a model; a version's tag may be longer."""
MODELS = "/api/2.0/mlflow/registered-models"
VERSIONS = "/api/2.0/mlflow/model-versions"
HOOKS = "/api/2.0/mlflow/webhooks"

_tag_model = every(model_with_any(P.APPLY_TAG, P.MANAGE), server_tags_stay, fitting_texts)
_use_version = every(model(P.EXECUTE), numbered)
_manage_version = every(model(P.MANAGE), numbered)
_note_version = every(
    model_with_any(P.CREATE_MODEL_VERSION, P.APPLY_TAG, P.MANAGE), server_tags_stay, numbered, fitting_texts
)
_hooks = administrators("webhooks send what happens to every model to an address outside")

ROUTES = (
    Route("POST", f"{MODELS}/create", every(may_create_model, signed, fitting_texts, may_name_job),
          "createRegisteredModel", naming_job(create_model)),
    Route("GET", f"{MODELS}/get", model(P.EXECUTE), serve=with_job(None)),
    Route("PATCH", f"{MODELS}/update", every(model(P.MANAGE), fitting_texts, may_name_job), "updateRegisteredModel",
          naming_job(mirrored)),
    Route("POST", f"{MODELS}/rename", may_rename, "renameRegisteredModel", rename_model),
    Route("DELETE", f"{MODELS}/delete", model(P.MANAGE), "deleteRegisteredModel", delete_model),
    Route("GET", f"{MODELS}/get-latest-versions", model(P.EXECUTE)),
    Route("POST", f"{MODELS}/get-latest-versions", model(P.EXECUTE)),
    Route("GET", f"{MODELS}/search", anybody, serve=with_job(within_reach(Searched.MODELS))),
    Route("POST", f"{MODELS}/set-tag", _tag_model, "setRegisteredModelTag", mirrored),
    Route("DELETE", f"{MODELS}/delete-tag", _tag_model, "deleteRegisteredModelTag", mirrored),
    Route("POST", f"{MODELS}/alias", _manage_version, "setRegisteredModelAlias", set_alias),
    Route("DELETE", f"{MODELS}/alias", model(P.MANAGE), "deleteRegisteredModelAlias", delete_alias),
    Route("GET", f"{MODELS}/alias", model(P.EXECUTE)),
    Route("POST", f"{VERSIONS}/create", every(may_create_version, signed, fitting_texts, unsigned),
          "createModelVersion", create_version),
    Route("GET", f"{VERSIONS}/get", _use_version),
    Route("GET", f"{VERSIONS}/get-download-uri", _use_version, "getModelVersionDownloadUri", is_frequent=True),
    Route("GET", f"{VERSIONS}/search", anybody, serve=within_reach(Searched.VERSIONS)),
    Route("PATCH", f"{VERSIONS}/update", _note_version, "updateModelVersion"),
    Route("POST", f"{VERSIONS}/transition-stage", _manage_version, "transitionModelVersionStage", move_to_stage),
    Route("DELETE", f"{VERSIONS}/delete", _manage_version, "deleteModelVersion", delete_version),
    Route("POST", f"{VERSIONS}/set-tag", may_sign_or(_note_version), "setModelVersionTag", signing),
    Route("DELETE", f"{VERSIONS}/delete-tag", may_sign_or(_note_version), "deleteModelVersionTag", withdrawing),
    Route("POST", HOOKS, _hooks, "createWebhook"),
    Route("GET", HOOKS, every(_hooks, require_plain_token)),
    Route("GET", f"{HOOKS}/<webhook_id>", _hooks),
    Route("PATCH", f"{HOOKS}/<webhook_id>", _hooks, "updateWebhook"),
    Route("DELETE", f"{HOOKS}/<webhook_id>", _hooks, "deleteWebhook"),
    Route("POST", f"{HOOKS}/<webhook_id>/test", _hooks, "testWebhook"),
)  # fmt: skip
