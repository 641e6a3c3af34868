"""Functions of JSON texts.

Where the two dialects differ in silence: a text that is no JSON is null to Databricks and an error to DuckDB, and a
path with ``*`` gives a list to one and a text to the other. A path must be written out, so that it can be read here.
"""

import re
from collections.abc import Sequence

from sqlglot import exp

from boathouse.foundation.errors import InvalidInput
from boathouse.session.sql.dialect import native
from boathouse.session.sql.functions.registry import Function, literal_text, scalar
from boathouse.session.sql.problems import Unsupported

_STEP = re.compile(r"\.([^.\[\]'\"*]+)|\['([^']*)'\]|\[(\d+)\]")
_VALID = "CASE WHEN json_valid({0}) THEN "


def extracted(text: exp.Expr, path: str) -> exp.Expr:
    """What stands at a path such as ``$.a.b[0]``, as text; null when nothing does.

    Raises:
        InvalidInput: The path cannot be read.
    """
    steps: list[str] = []
    at = 1
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            break
        field = match.group(1) or match.group(2)
        steps.append(f"[{match.group(3)}]" if match.group(3) is not None else '."' + (field or "") + '"')
        at = match.end()
    if "*" in path:
        raise Unsupported(f"* in the JSON path {path!r}", hint="Read the array with from_json.")
    if not path.startswith("$") or at < len(path) or '"' in path:
        raise InvalidInput(f"{path!r} is not a JSON path.", hint="Write '$.field', '$.field[0]' or \"$['field']\".")
    return native(f"{_VALID}json_extract_string({{0}}, {{1}}) END", text, exp.Literal.string("$" + "".join(steps)))


def field(text: exp.Expr, name: str) -> exp.Expr:
    """A field of the outermost object, as ``json_tuple`` takes them."""
    return extracted(text, f"$['{name}']")


def _get_json_object(arguments: Sequence[exp.Expr]) -> exp.Expr:
    return extracted(arguments[0], literal_text(arguments[1], function_name="get_json_object", what="path"))


FUNCTIONS: list[Function] = [
    *scalar("get_json_object(str, path)", _get_json_object),
    *scalar("json_array_length(str)",
            "CAST(CASE WHEN json_valid({0}) AND json_type({0}) = 'ARRAY' THEN json_array_length({0}) END AS INTEGER)"),
    *scalar("json_object_keys(str)",
            "CASE WHEN json_valid({0}) AND json_type({0}) = 'OBJECT' THEN json_keys({0}) END"),
]  # fmt: skip
