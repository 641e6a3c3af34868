"""Any value as text, whatever a caller has sent."""

import json
from typing import Any

import orjson


def text_of(value: Any) -> str | None:
    """The text itself, or the value as JSON; what is no Unicode is replaced."""
    if value is None:
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return _json(value)
    return value.encode("utf-8", "replace").decode()


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # halves of characters, numbers beyond 64 bits, too many levels
        try:
            return json.dumps(value, default=str)
        except (TypeError, ValueError, RecursionError):
            return repr(value)
