"""How a function of Databricks SQL is described: its signature, and what it becomes in DuckDB.

A template holds ``{0}``, ``{1}``... for the arguments and ``{*}`` for all of them, separated by commas. Where an
argument stands beside an operator the template has the parentheses, so a template can be read, and trusted, on its own.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlglot import exp

from boathouse.foundation.errors import InvalidInput
from boathouse.session.sql.dialect import Native, native

Build = Callable[[Sequence[exp.Expr]], exp.Expr]
"""Makes the DuckDB expression from the translated arguments."""
Becomes = str | Mapping[int, str] | Build
"""One template, a template per number of arguments, or code."""


class FunctionKind(StrEnum):
    SCALAR = "scalar"
    AGGREGATE = "aggregate"
    WINDOW = "window"


@dataclass(frozen=True, slots=True)
class Function:
    """A function that a query may call."""

    name: str
    signature: str
    becomes: Becomes
    kind: FunctionKind
    least: int
    most: int | None
    """None: any number of arguments."""
    family: str = ""

    def build(self, arguments: Sequence[exp.Expr]) -> exp.Expr:
        """The DuckDB expression for a call.

        Raises:
            InvalidInput: The number of arguments is wrong.
        """
        count = len(arguments)
        if count < self.least or (self.most is not None and count > self.most):
            raise InvalidInput(f"{self.name} was called with {count} arguments.", hint=f"Write {self.signature}.")
        if callable(self.becomes):
            built = self.becomes(arguments)
        else:
            template = self.becomes if isinstance(self.becomes, str) else self.becomes[count]
            everything = ", ".join(f"{{{index}}}" for index in range(count))
            built = native(template.replace("{*}", everything), *arguments)
        if self.kind is FunctionKind.SCALAR and isinstance(built, Native):
            built.set("is_scalar", True)
        if self.kind is FunctionKind.AGGREGATE and isinstance(built, Native):
            built.set("is_aggregate", True)
        return built


def function(signature: str, becomes: Becomes, kind: FunctionKind = FunctionKind.SCALAR) -> list[Function]:
    """Describe a function by its signature: ``lpad(str, len[, pad])``; other names for it follow after slashes:
    ``power/pow(base, exponent)``."""
    names, _, rest = signature.partition("(")
    parameters = rest.removesuffix(")")
    required, optional = re.sub(r"\[.*", "", parameters), "".join(re.findall(r"\[(.*)\]", parameters))
    least = _count(required)
    most = None if "..." in parameters else least + _count(optional)
    return [
        Function(name, f"{name}({parameters})", becomes, kind, least, most) for name in names.split("/")
    ]  # fmt: skip


def scalar(signature: str, becomes: Becomes) -> list[Function]:
    return function(signature, becomes)


def aggregate(signature: str, becomes: Becomes) -> list[Function]:
    return function(signature, becomes, FunctionKind.AGGREGATE)


def window(signature: str, becomes: Becomes) -> list[Function]:
    return function(signature, becomes, FunctionKind.WINDOW)


def literal_text(argument: exp.Expr, *, function_name: str, what: str) -> str:
    """The text of an argument that must be written out as a string.

    Raises:
        InvalidInput: It is computed.
    """
    if isinstance(argument, exp.Literal) and argument.is_string:
        return str(argument.this)
    if isinstance(argument, exp.RawString):
        return str(argument.this)
    raise InvalidInput(f"The {what} of {function_name} must be a string literal.")


def _count(parameters: str) -> int:
    return len([part for part in parameters.split(",") if part.strip() and "..." not in part])
