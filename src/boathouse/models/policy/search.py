"""Searches that show each principal what it may read, with full pages.

Where a search names experiments, the names are cut down before MLflow is asked. Where it cannot (experiments and
registered models themselves), pages are asked for until one is full; MLflow's own page tokens stay valid, because no
more is ever asked for than is still missing.
"""

from collections.abc import Callable, Sequence
from typing import Any, cast

from boathouse.catalog import Privilege
from boathouse.foundation.errors import InvalidInput
from boathouse.models.policy.call import Call, JsonObject, Reply, items, part
from boathouse.models.policy.desk import READ, Desk, Forward, Target
from boathouse.models.policy.rules import Check, Serve

MOST_ROUNDS = 200
"""Pages asked for behind one answer; after that the page is given out shorter, with its token."""

IsVisible = Callable[[Desk, JsonObject], bool]


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


def full_pages(field: str, is_visible: IsVisible, default_size: int) -> Serve:
    """Ask for pages until as many visible things are found as the client wants."""

    def serve(desk: Desk, call: Call, forward: Forward) -> Reply:
        if desk.principal.is_admin:
            return forward(call)
        wanted = _wanted(call, default_size)
        found: list[Any] = []
        answer: JsonObject = {}
        for _ in range(MOST_ROUNDS):
            call.put("max_results", wanted - len(found))
            reply = forward(call)
            if not reply.is_good:
                return reply
            answer = reply.json()
            found += [each for each in cast(list[Any], answer.get(field, [])) if is_visible(desk, each)]
            token = answer.get("next_page_token")
            if not token or len(found) >= wanted:
                break
            call.put("page_token", token)
        answer[field] = found
        return reply.with_json(answer)  # pyright: ignore[reportPossiblyUnboundVariable]

    return serve


def only_visible(field: str, is_visible: IsVisible) -> Serve:
    """Drop from an answer without pages what the principal may not read."""

    def serve(desk: Desk, call: Call, forward: Forward) -> Reply:
        reply = forward(call)
        if desk.principal.is_admin or not reply.is_good:
            return reply
        answer = reply.json()
        answer[field] = [each for each in cast(Sequence[Any], answer.get(field, [])) if is_visible(desk, each)]
        return reply.with_json(answer)

    return serve


def may_read_experiment(desk: Desk, shown: JsonObject) -> bool:
    return bool(desk.models.readable_experiments(desk.principal, [str(shown.get("experiment_id"))]))


def may_read_model(desk: Desk, shown: JsonObject) -> bool:
    return desk.may_use_model(Privilege.EXECUTE, str(shown.get("name")))


def _wanted(call: Call, default_size: int) -> int:
    given = call.value("max_results")
    if given is None:
        return default_size
    if not given.isdecimal() or not 0 < int(given) <= 1_000_000:
        raise InvalidInput(f"max_results is {given!r}, but a number above zero is expected.")
    return int(given)


def _experiment_of_location(location: Any) -> str:
    found = part(part(location, "mlflow_experiment"), "experiment_id")
    if not isinstance(found, str):
        raise InvalidInput("Only experiments of MLflow can be searched for traces.")
    return found


__all__ = ["READ", "full_pages", "may_read_experiment", "may_read_model", "only_visible", "readable_experiments",
           "readable_locations"]  # fmt: skip
