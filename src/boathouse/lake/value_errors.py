"""What DuckDB says of a value that does not fit, in the words of Databricks SQL, with the way out."""

import re
from collections.abc import Callable

from boathouse.foundation.errors import InvalidInput

_WORDS = {
    "BOOL": "BOOLEAN", "BOOLEAN": "BOOLEAN", "INT8": "TINYINT", "INT16": "SMALLINT", "INT32": "INT", "INT64": "BIGINT",
    "INT128": "BIGINT", "HUGEINT": "BIGINT", "INTEGER": "INT", "INTEGER_LITERAL": "INT", "STRING_LITERAL": "STRING",
    "VARCHAR": "STRING", "FLOAT": "FLOAT", "BLOB": "BINARY", "TIMESTAMP WITH TIME ZONE": "TIMESTAMP",
    "TIMESTAMP": "TIMESTAMP_NTZ", '"NULL"': "NULL", "NULL": "NULL",
}  # fmt: skip
_TRIES = {"addition": "try_add", "subtraction": "try_subtract", "multiplication": "try_multiply"}


def type_word(name: str) -> str:
    """Databricks' word for a type of the engine.

    Example:
        >>> type_word("INTEGER[]")
        'ARRAY<INT>'
    """
    name = name.strip()
    if name.endswith("[]"):
        return f"ARRAY<{type_word(name[:-2])}>"
    return _WORDS.get(name, name)


def _malformed(value: str, kind: str) -> InvalidInput:
    return InvalidInput(
        f'The value \'{value}\' of the type "STRING" cannot be cast to "{type_word(kind)}" because it is malformed.',
        hint="Use try_cast to get NULL instead.",
    )


def _overflow(match: re.Match[str]) -> InvalidInput:
    attempt = _TRIES.get(match[1])
    hint = f"Use {attempt} to get NULL instead, or cast to a wider type." if attempt else "Cast to a wider type."
    return InvalidInput(f"{match[3]} overflows {type_word(match[2])}.", hint=hint)


def _out_of_range(match: re.Match[str]) -> InvalidInput:
    source, value, target = match.groups()
    if source == "INT128":
        return InvalidInput(
            f"{value} overflows {type_word(target)}.", hint="Use try_sum to get NULL instead, or sum as DECIMAL(38, 0)."
        )
    return InvalidInput(
        f'The value {value} of the type "{type_word(source)}" cannot be cast to "{type_word(target)}" due to an '
        "overflow.",
        hint="Use try_cast to get NULL instead.",
    )


def _no_function(match: re.Match[str]) -> InvalidInput:
    name, arguments = match.groups()
    words = " and ".join(type_word(part) for part in _split(arguments)) or "nothing"
    return InvalidInput(f"The types do not fit: {name} cannot take {words}.", hint="Cast them to types that fit.")


def _split(arguments: str) -> list[str]:
    """At the commas that are outside of parentheses."""
    parts, depth = [""], 0
    for character in arguments:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


_FACTS: list[tuple[re.Pattern[str], Callable[[re.Match[str]], InvalidInput]]] = [
    (re.compile(r"Overflow in (\w+) of (\w+(?:\(\d+\))?) \((.*)\)!"), _overflow),
    (
        re.compile(r"Overflow on (abs\(.*\))"),
        lambda m: InvalidInput(f"{m[1]} overflows.", hint="Cast to a wider type."),
    ),
    (
        re.compile(r"Overflow in negation"),
        lambda m: InvalidInput("The negation of the smallest number overflows.", hint="Cast to a wider type."),
    ),
    (
        re.compile(r"Overflow in (left shift) \((.*)\)|(Left-shift value .*) is out of range"),
        lambda m: InvalidInput(f"{m[2] or m[3]} overflows.", hint="Cast to BIGINT."),
    ),
    (re.compile(r"Type (\w+) with value (\S+) can't be cast .* destination type (\w+)"), _out_of_range),
    (
        re.compile(r"Could not convert string ['\"](.*)['\"] to (\S+?)(?:\.|$|\s)", re.DOTALL),
        lambda m: _malformed(m[1], m[2]),
    ),
    (
        re.compile(r"Could not cast value (\S+) to (DECIMAL\(\d+,\d+\))"),
        lambda m: InvalidInput(
            f"The value {m[1]} cannot be represented as {m[2]}.", hint="Use try_cast to get NULL instead."
        ),
    ),
    (
        re.compile(r"(?:invalid (date|timestamp) field format|(date|timestamp) field value out of range): \"(.*?)\""),
        lambda m: _malformed(m[3], (m[1] or m[2]).upper().replace("TIMESTAMP", "TIMESTAMP WITH TIME ZONE")),
    ),
    (
        re.compile(r"Unimplemented type for cast \((.+?) -> (.+?)\)"),
        lambda m: InvalidInput(f"{type_word(m[1])} cannot be cast to {type_word(m[2])}."),
    ),
    (
        re.compile(r"Could not parse string \"(.*?)\" according to .*Error: (.*)", re.DOTALL),
        lambda m: InvalidInput(
            f"The text '{m[1]}' cannot be read as an instant: {m[2].rstrip('.')}.",
            hint="Use try_to_timestamp to get NULL instead.",
        ),
    ),
    (
        re.compile(
            r"(missing [\])]|unexpected \)|bad repetition operator|no argument for repetition operator"
            r"|invalid (?:escape sequence|perl operator|character class range|named capture group|repetition size)"
            r"): (.*)",
            re.DOTALL,
        ),
        lambda m: InvalidInput(
            f"The regular expression is not valid: {m[1]}, near {m[2].strip()}.", hint="Patterns are run by RE2."
        ),
    ),
    (
        re.compile(r"UNNEST\(\) can only be applied to lists, structs and NULL, not MAP"),
        lambda m: InvalidInput(
            "The rows of a map have two columns.", hint="Name them: LATERAL VIEW explode(m) t AS key, value."
        ),
    ),
    (
        re.compile(
            r"(?:best candidate function for the function call \"|argument types ')(.+?)\((.*?)\)['\"]\. ", re.DOTALL
        ),
        _no_function,
    ),
]


def explain_value(text: str) -> InvalidInput | None:
    """The fact behind DuckDB's message, if it is about a value or its type."""
    for pattern, fact in _FACTS:
        if match := pattern.search(text):
            return fact(match)
    return None
