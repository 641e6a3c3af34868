"""A saved query: a text, what it is plotted as, and who may open it. Whoever opens it runs it as themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from boathouse.foundation.errors import InvalidInput, NotFound

Json = dict[str, Any]
LONGEST_NAME = 255
LONGEST_DESCRIPTION = 10_000
MOST_LINES = 20
"""Columns that one plot shows."""


class Sharing(StrEnum):
    """Who may open a query besides its owner and the administrators."""

    PRIVATE = "PRIVATE"
    SHARED = "SHARED"
    """Everybody who may read all of its tables anyway."""


class PlotKind(StrEnum):
    LINE = "line"
    BAR = "bar"
    SCATTER = "scatter"


@dataclass(frozen=True, slots=True)
class Plot:
    """How a result is drawn: columns of it over another one."""

    kind: PlotKind
    x: str
    y: tuple[str, ...]

    def to_json(self) -> Json:
        return {"kind": self.kind.value, "x": self.x, "y": list(self.y)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Plot":
        """Raises InvalidInput when it is no plot."""
        y: Any = data.get("y")
        lines: Sequence[Any] = (y,) if isinstance(y, str) else tuple(y or ())
        if str(data.get("kind")) not in set(PlotKind):
            raise InvalidInput(f"A plot cannot be of kind {data.get('kind')!r}.", hint=f"It is {', '.join(PlotKind)}.")
        if not data.get("x") or not lines or len(lines) > MOST_LINES:
            raise InvalidInput(f"A plot has a column for x and 1 to {MOST_LINES} columns for y.")
        return cls(PlotKind(data["kind"]), str(data["x"]), tuple(map(str, lines)))


@dataclass(frozen=True, slots=True)
class QueryDraft:
    """What an owner says of a query."""

    name: str
    text: str
    description: str = ""
    parameters: tuple[Json, ...] = ()
    """In Databricks' shape: each with ``name``, and ``text_value``, ``numeric_value`` or ``date_value``."""
    catalog: str | None = None
    schema: str | None = None
    plot: Plot | None = None
    sharing: Sharing = Sharing.PRIVATE

    def require_sound(self) -> None:
        """Raises InvalidInput when something is missing or too long."""
        if not 0 < len(self.name.strip()) <= LONGEST_NAME:
            raise InvalidInput(f"A saved query needs a name of 1 to {LONGEST_NAME} characters.")
        if not self.text.strip():
            raise InvalidInput("A saved query needs a text.")
        if len(self.description) > LONGEST_DESCRIPTION:
            raise InvalidInput(f"A description has at most {LONGEST_DESCRIPTION} characters.")
        statement_parameters(self.parameters)


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A query as it is kept."""

    id: str
    owner: str
    draft: QueryDraft
    created_at: int
    updated_at: int
    changed_by: str
    reads: tuple[str, ...] = field(default=())
    """The tables that it reads, of one that is shared: who may read them may open it."""


class QueryNotFound(NotFound):
    """There is no such query, or the principal may not open it: both read the same."""

    def __init__(self, query_id: str) -> None:
        super().__init__(f"There is no saved query {query_id} that you may open.",
                         hint="Its owner can share it; you also need to be able to read its tables.")  # fmt: skip


_VALUES = {"text_value": ("value", "STRING"), "numeric_value": ("value", "DOUBLE")}


def statement_parameters(parameters: Sequence[Mapping[str, Any]]) -> tuple[Json, ...]:
    """The parameters of a query as a statement takes them.

    Raises:
        InvalidInput: One has no name, or no value that we know.
    """
    found: list[Json] = []
    for parameter in parameters:
        name = parameter.get("name")
        if not isinstance(name, str) or not name:
            raise InvalidInput("A parameter has no name.")
        found.append({"name": name, **_typed(name, parameter)})
    return tuple(found)


def _typed(name: str, parameter: Mapping[str, Any]) -> Json:
    for key, (inner, kind) in _VALUES.items():
        if isinstance(parameter.get(key), Mapping):
            value = parameter[key].get(inner)
            return {"value": None if value is None else str(value), "type": kind}
    if isinstance(parameter.get("date_value"), Mapping):
        value = parameter["date_value"].get("date_value")
        if value is not None:
            return {"value": str(value), "type": "DATE" if len(str(value)) == len("2013-01-01") else "TIMESTAMP"}
    raise InvalidInput(f"The parameter {name} has no value that a query can take.",
                       hint="It is a text_value, a numeric_value or a date_value with a date.")  # fmt: skip
