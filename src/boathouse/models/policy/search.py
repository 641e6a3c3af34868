"""Searches that show each principal what it may read, with full pages.

Where a search names experiments, the names are cut down before MLflow is asked. Where it cannot (experiments,
registered models and their versions themselves), MLflow looks among what the principal may see, so that a page takes
the same time however much else there is.
"""

import base64
import json
from typing import Any, cast

from boathouse.catalog import Privilege, SecurableKind
from boathouse.foundation.errors import InvalidInput
from boathouse.models.policy.call import LARGEST, Call, JsonObject, Reply, items, part
from boathouse.models.policy.desk import READ, Desk, Forward, Target
from boathouse.models.policy.narrowing import Searched, narrowed
from boathouse.models.policy.rules import Check, Serve

_ANSWERED = {
    Searched.EXPERIMENTS: ("experiments", "experiment_id", SecurableKind.EXPERIMENT, READ),
    Searched.MODELS: ("registered_models", "name", SecurableKind.REGISTERED_MODEL, Privilege.EXECUTE),
    Searched.VERSIONS: ("model_versions", "name", SecurableKind.REGISTERED_MODEL, Privilege.EXECUTE),
}
"""Where the things stand in MLflow's answer, by what it calls them there, and who may see one."""


def readable_experiments(field: str = "experiment_ids") -> Check:
    """Cut the experiments of a search down to those that the principal may read."""

    def check(desk: Desk, call: Call) -> Target | None:
        given = call.values(field)
        if not given and not desk.principal.is_admin:
            raise InvalidInput("The search names no experiment.", hint=f"Give {field}.")
        allowed = desk.readable_experiments(given)
        if allowed != given:
            call.put(field, allowed)
        return None

    return check


def readable_locations(desk: Desk, call: Call) -> Target | None:
    """The same for a search of traces, which names its experiments as locations."""
    locations = list(items(part(call.body, "locations")))
    ids = [_experiment_of_location(location) for location in locations]
    if not ids:
        raise InvalidInput("The search names no experiment.", hint="Give locations.")
    allowed = set(desk.readable_experiments(ids))
    if len(allowed) < len(set(ids)):
        call.put("locations", [each for each, name in zip(locations, ids, strict=True) if name in allowed])
    return None


def within_reach(searched: Searched) -> Serve:
    """Let MLflow look among the things that the principal may see."""
    field, key, kind, privilege = _ANSWERED[searched]

    def serve(desk: Desk, call: Call, forward: Forward) -> Reply:
        require_page(call)
        if desk.principal.is_admin:
            return forward(call)
        names = desk.within_reach(privilege, kind)
        with narrowed(searched, names):
            reply = forward(call).whole()
        if not reply.is_good:
            return reply
        answer = reply.json()
        found = cast(list[JsonObject], answer.get(field, []))
        visible = [each for each in found if str(each.get(key)) in names]
        if len(visible) == len(found):
            return reply
        answer[field] = visible  # MLflow has looked otherwise than we know: pages are short, and tell nothing more
        return reply.with_json(answer)

    return serve


def require_page(call: Call) -> None:
    """Go on only with a page size and a token that MLflow can read; some of the others it answers with a 500.

    Raises:
        InvalidInput: One of them is none.
    """
    size, token = call.value("max_results"), call.value("page_token")
    if size is not None and not (size.isascii() and size.isdecimal() and 0 < int(size[:20]) <= LARGEST):
        raise InvalidInput(f"max_results is {size[:40]!r}, but a number above zero is expected.")
    if token is not None and not _begins_somewhere(token):
        raise InvalidInput(f"{token[:40]!r} is no page token.", hint="Give the next_page_token of an answer.")


def require_plain_token(_desk: Desk, call: Call) -> None:
    """Go on only with a token of characters that one of MLflow's can have."""
    token = call.value("page_token")
    if token is not None and not token.isascii():
        raise InvalidInput(f"{token[:40]!r} is no page token.", hint="Give the next_page_token of an answer.")


def _begins_somewhere(token: str) -> bool:
    """MLflow's tokens of these lists say how many things come before the page."""
    try:
        offset = json.loads(base64.b64decode(token))["offset"]
    except (ValueError, TypeError, KeyError):
        return False
    return isinstance(offset, int) and 0 <= offset <= LARGEST


def _experiment_of_location(location: Any) -> str:
    found = part(part(location, "mlflow_experiment"), "experiment_id")
    if not isinstance(found, str):
        raise InvalidInput("Only experiments of MLflow can be searched for traces.")
    return found


__all__ = ["READ", "readable_experiments", "readable_locations", "require_plain_token", "within_reach"]
