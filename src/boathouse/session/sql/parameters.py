"""Named parameters: ``:name`` in the text, a value beside it.

Values travel to the engine beside the statement and are never put into its text, so no value can change what the
statement is. Where a statement needs a constant (a version, an amount, a name), the value is taken as one and checked.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlglot import exp

from boathouse.foundation.errors import InvalidInput, did_you_mean

_PLAIN = (str, bool, int, float, Decimal, bytes, date, type(None))
_LARGEST = 2**63


class Parameters:
    """The values that came with a statement."""

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        self._values = {name.lower(): _checked(name, value) for name, value in (values or {}).items()}

    def value(self, name: str) -> Any:
        """The value of ``:name``.

        Raises:
            InvalidInput: None was given.
        """
        try:
            return self._values[name.lower()]
        except KeyError:
            hint = did_you_mean(name, self._values) or f"Give it as {name}=..."
            raise InvalidInput(f"The parameter :{name} has no value.", hint=hint) from None

    def used_in(self, tree: exp.Expr) -> dict[str, Any]:
        """The values of the placeholders that are left in the tree, by the name that the engine will see."""
        used: dict[str, Any] = {}
        for placeholder in tree.find_all(exp.Placeholder):
            name = placeholder.this
            if not name:
                raise InvalidInput("A parameter needs a name.", hint="Write :name instead of ?.")
            placeholder.set("this", str(name).lower())
            used[str(name).lower()] = self.value(str(name))
        return used

    def constant(self, node: exp.Expr | None) -> Any:
        """The Python value of a literal or a parameter.

        Raises:
            InvalidInput: It is computed.
        """
        match node:
            case exp.Placeholder() if node.this:
                return self.value(str(node.this))
            case exp.Literal() if node.is_string:
                return str(node.this)
            case exp.Literal():
                return int(node.this) if str(node.this).isdigit() else float(node.this)
            case exp.RawString():
                return str(node.this)
            case exp.Boolean():
                return bool(node.this)
            case exp.Null():
                return None
            case exp.Neg():
                return -self.constant(node.this)
            case exp.Concat() | exp.DPipe():
                pieces = node.expressions or [node.this, node.expression]
                return "".join(str(self.constant(piece)) for piece in pieces)
            case _:
                written = node.sql(dialect="databricks") if node is not None else "nothing"
                raise InvalidInput(f"{written} is not a constant.", hint="Write a literal or a parameter.")


def _checked(name: str, value: Any) -> Any:
    if not isinstance(value, _PLAIN):
        raise InvalidInput(
            f"The parameter {name} is a {type(value).__name__}, which a statement cannot take.",
            hint="Use text, a number, true or false, a date, an instant, or None.",
        )
    if isinstance(value, int) and not isinstance(value, bool) and not -_LARGEST <= value < _LARGEST:
        raise InvalidInput(f"The parameter {name} does not fit into 64 bits.")
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return value
