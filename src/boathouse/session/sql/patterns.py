"""Date patterns: Java's letters, as Databricks SQL uses them, into the engine's ``%`` codes.

Java is strict where the engine is lenient: ``dd`` is exactly two digits of a text. So a text's shape is
read too.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from boathouse.foundation.errors import InvalidInput
from boathouse.session.sql.problems import Unsupported

_TOKEN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+|'")
_CODES = {
    "yyyy": "%Y", "y": "%Y", "yy": "%y", "MM": "%m", "M": "%-m", "MMM": "%b", "MMMM": "%B", "LL": "%m", "L": "%-m",
    "LLL": "%b", "LLLL": "%B", "dd": "%d", "d": "%-d", "DDD": "%j", "D": "%-j", "HH": "%H", "H": "%-H", "hh": "%I",
    "h": "%-I", "mm": "%M", "m": "%-M", "ss": "%S", "s": "%-S", "SSS": "%g", "SSSSSS": "%f", "a": "%p", "E": "%a",
    "EE": "%a", "EEE": "%a", "EEEE": "%A", "G": "AD", "X": "Z", "XX": "Z", "XXX": "Z", "x": "+00", "xxx": "+00:00",
    "Z": "+0000", "VV": "UTC", "z": "UTC",
}  # fmt: skip
"""For writing; the time zone is UTC."""
_READ = {
    "yyyy": ("%Y", r"\d{4}"), "y": ("%Y", r"\d{4}"), "yy": ("%y", r"\d{2}"), "MM": ("%m", r"\d{2}"),
    "M": ("%m", r"\d{1,2}"), "MMM": ("%b", "[A-Za-z]{3}"), "MMMM": ("%B", "[A-Za-z]+"), "dd": ("%d", r"\d{2}"),
    "d": ("%d", r"\d{1,2}"), "DDD": ("%j", r"\d{3}"), "HH": ("%H", r"\d{2}"), "H": ("%H", r"\d{1,2}"),
    "hh": ("%I", r"\d{2}"), "h": ("%I", r"\d{1,2}"), "mm": ("%M", r"\d{2}"), "m": ("%M", r"\d{1,2}"),
    "ss": ("%S", r"\d{2}"), "s": ("%S", r"\d{1,2}"), "SSS": ("%g", r"\d{3}"), "SSSSSS": ("%f", r"\d{6}"),
    "a": ("%p", "(?i:am|pm)"), "EEE": ("%a", "[A-Za-z]{3}"), "E": ("%a", "[A-Za-z]{3}"), "EEEE": ("%A", "[A-Za-z]+"),
    "XXX": ("%z", r"(?:Z|[+-]\d{2}:\d{2})"), "X": ("%z", r"(?:Z|[+-]\d{2})"), "Z": ("%z", r"[+-]\d{4}"),
}  # fmt: skip
_WEEK_BASED = frozenset("YwWuec")


class Piece(Enum):
    """What a part of a written pattern is."""

    CODES = auto()
    QUARTER = auto()
    HOUR_FROM_0 = auto()
    HOUR_TO_24 = auto()
    FRACTION = auto()


_BESIDE = {"Q": Piece.QUARTER, "K": Piece.HOUR_FROM_0, "k": Piece.HOUR_TO_24, "S": Piece.FRACTION}


@dataclass(frozen=True, slots=True)
class ReadPattern:
    """How a text is read."""

    shape: str
    """A regular expression that the whole text matches."""
    codes: str
    prefix: str
    """Stands before the text: without a year, an instant lies in 1970."""
    has_zone: bool


def written_pieces(pattern: str) -> list[tuple[Piece, str]]:
    """The parts of a pattern for writing: codes for the engine, or a kind with its number of letters.

    Raises:
        InvalidInput: A letter of it has no equivalent.
    """
    pieces: list[tuple[Piece, str]] = []
    codes = ""
    for token, is_letters in _tokens(pattern):
        if not is_letters:
            codes += token.replace("%", "%%")
        elif token in _CODES:
            codes += _CODES[token]
        elif token == "QQQ":
            codes += "Q"
            pieces, codes = [*pieces, (Piece.CODES, codes), (Piece.QUARTER, "1")], ""
        elif token[0] in _BESIDE and len(token) <= (9 if token[0] == "S" else 2):
            pieces, codes = [*pieces, *_of_codes(codes), (_BESIDE[token[0]], str(len(token)))], ""
        else:
            raise _unknown(token, pattern, [*_CODES, "Q", "QQQ", "K", "k", "S"])
    return [*pieces, *_of_codes(codes)]


def _of_codes(codes: str) -> list[tuple[Piece, str]]:
    return [(Piece.CODES, codes)] if codes else []


def read_text_pattern(pattern: str) -> ReadPattern:
    """The pattern for reading an instant.

    Raises:
        InvalidInput: A letter of it has no equivalent.
    """
    shape, codes = "", ""
    for token, is_letters in _tokens(pattern):
        if not is_letters:
            shape += re.escape(token)
            codes += token.replace("%", "%%")
        elif token in _READ:
            code, form = _READ[token]
            shape += form
            codes += code
        else:
            raise _unknown(token, pattern, list(_READ))
    has_year = "%Y" in codes or "%y" in codes
    return ReadPattern(shape, codes if has_year else f"%Y {codes}", "" if has_year else "1970 ", "%z" in codes)


def _tokens(pattern: str) -> Iterator[tuple[str, bool]]:
    """The plain texts of a pattern, and its runs of one letter."""
    for match in _TOKEN.finditer(pattern):
        token, quoted, letter = match.group(0), match.group(1), match.group(2)
        if quoted is not None:
            yield quoted.replace("''", "'") or "'", False
        elif token == "'":
            raise InvalidInput(f"The date pattern {pattern!r} has a quote that is not closed.")
        else:
            yield token, letter is not None


def _unknown(token: str, pattern: str, known: list[str]) -> InvalidInput:
    if token[0] in _WEEK_BASED:
        return Unsupported(
            f"The week-based letter {token[0]!r} in the date pattern {pattern!r}", hint="Use weekofyear(x)."
        )
    return InvalidInput(
        f"{token!r} in the date pattern {pattern!r} is not supported.", hint=f"Use {', '.join(sorted(known))}."
    )
