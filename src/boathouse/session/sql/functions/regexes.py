"""Regular expressions: Java's, as Databricks reads them, for RE2, which runs them.

Most of the two languages is one. What RE2 lacks (look-around, back references, possessive quantifiers) and what it
would read in another way in silence (classes inside of classes) is refused by name. A pattern that is computed row by
row cannot be looked at before; there RE2 complains itself.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from boathouse.foundation.errors import InvalidInput
from boathouse.session.sql.dialect import native
from boathouse.session.sql.functions.registry import Becomes, Function, literal_text, scalar
from boathouse.session.sql.problems import Unsupported

_PIECE = re.compile(
    r"\\Q.*?(?:\\E|$)|\\.|\(\?(?:<[A-Za-z]\w*>|<?[=!]|>|[A-Za-z-]*[:)])?|\[|\]|&&|[*+?}]\+|.", re.DOTALL
)
_REFUSED = {
    "(?=": "Look-ahead (?=...)",
    "(?!": "Look-ahead (?!...)",
    "(?<=": "Look-behind (?<=...)",
    "(?<!": "Look-behind (?<!...)",
    "(?>": "The atomic group (?>...)",
    "*+": "The possessive quantifier *+",
    "++": "The possessive quantifier ++",
    "?+": "The possessive quantifier ?+",
    "}+": "A possessive quantifier",
    r"\G": r"\G",
    r"\R": r"\R",
    r"\X": r"\X",
    r"\k": "A back reference",
    **{rf"\{digit}": "A back reference" for digit in range(1, 10)},
}
_SPELLED = {
    r"\h": r"[ \t\x{A0}]",
    r"\H": r"[^ \t\x{A0}]",
    r"\s": r"[ \t\n\x0B\f\r]",
    r"\S": r"[^ \t\n\x0B\f\r]",
    r"\Z": r"(?:\n?\z)",
    r"\e": r"\x1B",
}
_INSIDE_CLASS = {r"\s": r" \t\n\x0B\f\r", r"\h": r" \t\x{A0}", r"\e": r"\x1B"}
_MAX_GROUPS = 9


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern for RE2, and how many groups it has."""

    text: str
    groups: int


def read_pattern(java: str) -> Pattern:
    """The pattern with the same meaning.

    Raises:
        Unsupported: There is none.
    """
    pieces: list[str] = []
    groups, in_class, class_start = 0, False, 0
    for index, match in enumerate(_PIECE.finditer(java)):
        piece = match.group()
        if in_class:
            if piece == "[" or piece == "&&":
                raise Unsupported(f"{piece} inside of a class of characters, in the pattern {java!r}")
            if piece == "]" and index > class_start + 1:
                in_class = False
            elif piece in (r"\S", r"\H", r"\R"):
                raise Unsupported(f"{piece} inside of a class of characters, in the pattern {java!r}")
            pieces.append(_INSIDE_CLASS.get(piece, piece))
            continue
        if piece in _REFUSED:
            raise Unsupported(f"{_REFUSED[piece]} in the pattern {java!r}", hint="Patterns are run by RE2.")
        if piece == "[":
            in_class, class_start = True, index + (java[match.end() : match.end() + 1] == "^")
        elif piece == "(":
            groups += 1
        elif piece.startswith("(?<"):
            groups += 1
            piece = f"(?P{piece[2:]}"
        pieces.append(_SPELLED.get(piece, piece))
    return Pattern("".join(pieces), groups)


def spelled(argument: exp.Expr) -> exp.Expr:
    """A pattern as it may stand in a call of the engine: read if it is written out, else left to RE2."""
    if isinstance(argument, exp.Literal | exp.RawString):
        return exp.Literal.string(read_pattern(str(argument.this)).text)
    return argument


def _with_pattern(template: str) -> Becomes:
    def build(arguments: Sequence[exp.Expr]) -> exp.Expr:
        return native(template, arguments[0], spelled(arguments[1]), *arguments[2:])

    return build


def matches(text: exp.Expr, pattern: exp.Expr) -> exp.Expr:
    """``text RLIKE pattern``."""
    return native("regexp_matches({0}, {1})", text, spelled(pattern))


def _extracting(verb: str) -> Becomes:
    def build(arguments: Sequence[exp.Expr]) -> exp.Expr:
        text, pattern = arguments[:2]
        group = arguments[2] if len(arguments) == 3 else exp.Literal.number(1)
        if isinstance(pattern, exp.Literal | exp.RawString) and isinstance(group, exp.Literal):
            known = read_pattern(str(pattern.this)).groups
            if int(str(group.this)) > known:
                raise InvalidInput(
                    f"The pattern {str(pattern.this)!r} has {known} groups; group {group.this} was asked for.",
                    hint="Group 0 is the whole match.",
                )
        return native(f"{verb}({{0}}, {{1}}, {{2}})", text, spelled(pattern), group)

    return build


_REFERENCE = re.compile(r"\\(.)|\$(\d+|\{\w+\})|\$|\\$", re.DOTALL)


def _replacement(argument: exp.Expr) -> exp.Expr:
    """``$1`` becomes RE2's ``\\1``; a backslash makes the next character plain."""
    written = literal_text(argument, function_name="regexp_replace", what="replacement")

    def converted(match: re.Match[str]) -> str:
        plain, group = match.group(1), match.group(2)
        if plain is not None:
            return "\\\\" if plain == "\\" else plain
        if group is None or not group.isdigit() or int(group) > _MAX_GROUPS:
            raise Unsupported(f"{match.group()} in a replacement", hint="Write $1 to $9, and \\$ for the sign itself.")
        return f"\\{group}"

    return exp.Literal.string(_REFERENCE.sub(converted, written))


def _replace(arguments: Sequence[exp.Expr]) -> exp.Expr:
    text, pattern, replacement = arguments
    return native("regexp_replace({0}, {1}, {2}, 'g')", text, spelled(pattern), _replacement(replacement))


_PARTS = "string_split_regex({0}, {1})"
_BETWEEN = "regexp_extract_all({0}, {1}, 0)"
_SPLIT_AT_MOST = (
    f"CASE WHEN ({{2}}) <= 0 OR len({_PARTS}) <= ({{2}}) THEN {_PARTS} ELSE list_append({_PARTS}[1:({{2}}) - 1], "
    "substring({0}, CAST(1 "
    f"+ coalesce(list_sum(list_transform({_PARTS}[1:({{2}}) - 1], lambda part_: length(part_))), 0) "
    f"+ coalesce(list_sum(list_transform({_BETWEEN}[1:({{2}}) - 1], lambda part_: length(part_))), 0) AS BIGINT))) END"
)
"""The last element is the rest of the text, with whatever separators it holds."""


def _split(arguments: Sequence[exp.Expr]) -> exp.Expr:
    if len(arguments) == 2:
        return native(_PARTS, arguments[0], spelled(arguments[1]))
    if isinstance(arguments[1], exp.Literal) and not arguments[1].this:
        raise Unsupported("split by an empty pattern with a limit")
    return native(_SPLIT_AT_MOST, arguments[0], spelled(arguments[1]), arguments[2])


FUNCTIONS: list[Function] = [
    *scalar("split(str, regex[, limit])", _split),
    *scalar("regexp_extract(str, regex[, group])", _extracting("regexp_extract")),
    *scalar("regexp_extract_all(str, regex[, group])", _extracting("regexp_extract_all")),
    *scalar("regexp_replace(str, regex, replacement)", _replace),
    *scalar("regexp_like/regexp/rlike(str, regex)", _with_pattern("regexp_matches({0}, {1})")),
    *scalar("regexp_count(str, regex)", _with_pattern("CAST(len(regexp_extract_all({0}, {1}, 0)) AS INTEGER)")),
    *scalar("regexp_substr(str, regex)",
            _with_pattern("CASE WHEN regexp_matches({0}, {1}) THEN regexp_extract({0}, {1}, 0) END")),
    *scalar("regexp_instr(str, regex)",
            _with_pattern("CAST(CASE WHEN regexp_matches({0}, {1}) THEN "
                          "length(regexp_extract({0}, '^((?s:.*?))(?:' || ({1}) || ')', 1)) + 1 "
                          "WHEN ({0}) IS NOT NULL AND ({1}) IS NOT NULL THEN 0 END AS INTEGER)")),
]  # fmt: skip
