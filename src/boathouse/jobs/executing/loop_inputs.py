"""The inputs of a for-each task: a JSON array of bounded length."""

import json
from typing import Any, cast

from boathouse.foundation.errors import InvalidInput

MAXIMUM_ITERATIONS = 5000
_LIKE_THIS = 'Write an array: ["2013-06", "2013-07"].'


class NoInputs(InvalidInput):
    """The inputs of a for-each task are no JSON array, or too many."""


def read_inputs(text: str) -> list[Any]:
    """The inputs of a for-each task.

    Raises:
        NoInputs: They are no JSON array, or more than can be iterated over.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NoInputs(f"inputs is no JSON: {error}.", hint=_LIKE_THIS) from error
    if not isinstance(found, list):
        shown = text if len(text) <= 100 else text[:100] + "..."
        raise NoInputs(f"inputs is no JSON array: {shown}", hint=_LIKE_THIS)
    found = cast(list[Any], found)
    if len(found) > MAXIMUM_ITERATIONS:
        raise NoInputs(
            f"inputs has {len(found)} items; a for_each_task takes at most {MAXIMUM_ITERATIONS}.",
            hint="Let each iteration do several of them.",
        )
    try:
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    except ValueError as error:
        raise NoInputs("inputs holds a text that is not valid Unicode, or a number that JSON does not have.") from error
    return found
