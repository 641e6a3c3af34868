"""What rungs that are no models say again: a constant, as it stood in the policy, and a function of the catalog."""

from collections.abc import Callable
from typing import Any

import orjson

from boathouse.catalog import Function
from boathouse.catalog.definitions import definition_digest, function_json
from boathouse.foundation.errors import BoathouseError
from boathouse.serving.capture.bodies import features_of
from boathouse.serving.fallback.ladder import DEFINITION, FUNCTION, VALUE, dumped
from boathouse.serving.fallback.rules import Rules
from boathouse.serving.replay.nouns import CannotReplay, Captured
from boathouse.serving.scoring.nouns import Payload

FindFunction = Callable[[str], Function]
"""A function of the catalog as it is now, which whoever replays may execute."""


def constant_again(captured: Captured, then: Any) -> Any:
    """The constant that was in force, as often as there were rows.

    Raises:
        CannotReplay: What it was is not in the table.
    """
    rows = captured.rows if captured.rows is not None else len(then)
    return [_details(captured)[VALUE]] * rows


def rules_again(captured: Captured, payload: Payload, find: FindFunction) -> tuple[Any, tuple[str, ...]]:
    """What the function says now, and whether it is another one than then.

    Raises:
        CannotReplay: It is gone, or may not be executed, or fails.
    """
    details = _details(captured)
    name = str(details[FUNCTION])
    try:
        function = find(name)
        definition = function_json(function)
        rules = Rules({"full_name": name, **definition})
        try:
            found = orjson.loads(dumped(rules.values(payload, _features(captured, payload.rows))))
        finally:
            rules.close()
    except BoathouseError as error:
        raise CannotReplay(f"The function {name}, which answered, does not answer any more: {error}") from error
    if definition_digest(definition) == details.get(DEFINITION):
        return found, ()
    return found, (f"the function {name} is another one than then",)


def _details(captured: Captured) -> dict[str, Any]:
    if captured.rung_details is None:
        raise CannotReplay(f"It fell to the rung {captured.rung}, and what that was is not in the table.")
    return orjson.loads(captured.rung_details)


def _features(captured: Captured, rows: int) -> dict[str, list[Any]]:
    if captured.features is None:
        return {}
    kept = [values for values, _ in features_of(captured.features)]
    if len(kept) != rows:
        raise CannotReplay("The features that were kept are not those of the request's rows.")
    return {name: [values.get(name) for values in kept] for name in dict.fromkeys(each for v in kept for each in v)}
