"""Date patterns: Java's letters, as Databricks SQL uses them, into the engine's ``%`` codes."""

import re

from boathouse.foundation.errors import InvalidInput

_TOKEN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+|'")
_CODES = {
    "yyyy": "%Y", "y": "%Y", "yy": "%y", "MM": "%m", "M": "%-m", "MMM": "%b", "MMMM": "%B", "dd": "%d", "d": "%-d",
    "DDD": "%j", "HH": "%H", "H": "%-H", "hh": "%I", "h": "%-I", "mm": "%M", "m": "%-M", "ss": "%S", "s": "%-S",
    "SSS": "%g", "SSSSSS": "%f", "a": "%p", "E": "%a", "EEE": "%a", "EEEE": "%A",
}  # fmt: skip
_PARSED = {
    **_CODES,
    "M": "%m",
    "d": "%d",
    "H": "%H",
    "h": "%I",
    "m": "%M",
    "s": "%S",
    "XXX": "%z",
    "X": "%z",
    "Z": "%z",
}


def strftime_pattern(pattern: str) -> str:
    """The pattern for writing an instant.

    Raises:
        InvalidInput: A letter of it has no equivalent.
    """
    return _converted(pattern, _CODES)


def strptime_pattern(pattern: str) -> str:
    """The pattern for reading an instant."""
    return _converted(pattern, _PARSED)


def _converted(pattern: str, codes: dict[str, str]) -> str:
    pieces: list[str] = []
    for match in _TOKEN.finditer(pattern):
        token, quoted, letter = match.group(0), match.group(1), match.group(2)
        if quoted is not None:
            pieces.append((quoted.replace("''", "'") or "'").replace("%", "%%"))
        elif token == "'":
            raise InvalidInput(f"The date pattern {pattern!r} has a quote that is not closed.")
        elif letter is None:
            pieces.append(token.replace("%", "%%"))
        elif token in codes:
            pieces.append(codes[token])
        else:
            known = ", ".join(sorted(codes))
            raise InvalidInput(f"{token!r} in the date pattern {pattern!r} is not supported.", hint=f"Use {known}.")
    return "".join(pieces)
