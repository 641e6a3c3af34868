"""SQL LIKE patterns in requests: ``%`` is any text, ``_`` any one character."""

import re
from functools import lru_cache


def matches(pattern: str | None, text: str) -> bool:
    """Whether the text matches; no pattern matches everything. Case does not count, as in names."""
    return pattern is None or _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=128)
def _compiled(pattern: str) -> re.Pattern[str]:
    pieces = {"%": ".*", "_": "."}
    return re.compile("".join(pieces.get(char, re.escape(char)) for char in pattern), re.IGNORECASE | re.DOTALL)
