"""What a client asks when it sends a statement, and what becomes of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from boathouse.foundation.errors import InvalidInput, did_you_mean

Json = dict[str, Any]


class State(StrEnum):
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    CLOSED = "CLOSED"
    """It succeeded, and its rows are gone: they are kept for a while only."""


UNDER_WAY = frozenset({State.PENDING, State.RUNNING})


class Disposition(StrEnum):
    INLINE = "INLINE"
    EXTERNAL_LINKS = "EXTERNAL_LINKS"


class Format(StrEnum):
    JSON_ARRAY = "JSON_ARRAY"
    ARROW_STREAM = "ARROW_STREAM"
    CSV = "CSV"


PROFILE = "profile"
"""The work that summarises a table, as ``boathouse summarize`` does; parameters: ``name``, ``version``, ``against``."""

INLINE_BYTES = 25 << 20
"""What an inline result may hold at most."""
LINKED_BYTES = 10 << 30
"""What a result may hold at most on the disk."""


@dataclass(frozen=True, slots=True)
class StatementRequest:
    """A statement as a client sends it."""

    text: str
    parameters: tuple[Json, ...] = ()
    """Each with ``name``, ``value`` and ``type``."""
    catalog: str | None = None
    schema: str | None = None
    row_limit: int | None = None
    byte_limit: int | None = None
    disposition: Disposition = Disposition.INLINE
    format: Format = Format.JSON_ARRAY
    work: str = ""
    """What answers it, where that is not the SQL of the text; the text then only says it to the audit log."""

    @property
    def most_bytes(self) -> int:
        """Above this the result is cut, if a limit was asked for, or the statement fails."""
        most = INLINE_BYTES if self.disposition is Disposition.INLINE else LINKED_BYTES
        return most if self.byte_limit is None else min(self.byte_limit, most)

    def require_sound(self) -> None:
        """Raises InvalidInput when it contradicts itself."""
        if not self.text.strip():
            raise InvalidInput("The statement is empty.")
        if self.disposition is Disposition.INLINE and self.format is not Format.JSON_ARRAY:
            raise InvalidInput(
                f"The format {self.format} comes with external links.", hint="Use disposition EXTERNAL_LINKS."
            )
        for name, limit in (("row_limit", self.row_limit), ("byte_limit", self.byte_limit)):
            if limit is not None and limit < 1:
                raise InvalidInput(f"{name} is {limit}; it must be at least 1.")
        if self.schema is not None and self.catalog is None and "." not in self.schema:
            raise InvalidInput(f"The schema {self.schema} of which catalog?", hint="Send catalog too.")
        values_of(self.parameters)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a result, in one file."""

    index: int
    row_offset: int
    row_count: int
    byte_count: int

    def to_json(self) -> Json:
        return {
            "chunk_index": self.index,
            "row_offset": self.row_offset,
            "row_count": self.row_count,
            "byte_count": self.byte_count,
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a statement ended; empty while it runs."""

    columns: tuple[Json, ...] = ()
    chunks: tuple[Chunk, ...] = ()
    truncated: bool = False
    error_code: str | None = None
    error: str | None = None

    @property
    def row_count(self) -> int:
        return sum(chunk.row_count for chunk in self.chunks)

    @property
    def byte_count(self) -> int:
        return sum(chunk.byte_count for chunk in self.chunks)

    def to_json(self) -> Json:
        return {
            "columns": list(self.columns),
            "chunks": [[chunk.index, chunk.row_offset, chunk.row_count, chunk.byte_count] for chunk in self.chunks],
            "truncated": self.truncated,
            "error_code": self.error_code,
            "error": self.error,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Outcome":
        return cls(
            tuple(data.get("columns") or ()),
            tuple(Chunk(*chunk) for chunk in data.get("chunks") or ()),
            bool(data.get("truncated")),
            data.get("error_code"),
            data.get("error"),
        )


@dataclass(frozen=True, slots=True)
class StatementRecord:
    """A statement and what has become of it so far."""

    id: str
    principal: str
    state: State
    request: StatementRequest
    outcome: Outcome = field(default_factory=Outcome)
    created_at: int = 0
    finished_at: int | None = None
    last_read_at: int = 0


def request_json(request: StatementRequest) -> Json:
    return {
        "text": request.text,
        "parameters": list(request.parameters),
        "catalog": request.catalog,
        "schema": request.schema,
        "row_limit": request.row_limit,
        "byte_limit": request.byte_limit,
        "disposition": request.disposition.value,
        "format": request.format.value,
        "work": request.work,
    }


def request_of(data: Mapping[str, Any]) -> StatementRequest:
    return StatementRequest(
        data["text"],
        tuple(data["parameters"]),
        data["catalog"],
        data["schema"],
        data["row_limit"],
        data["byte_limit"],
        Disposition(data["disposition"]),
        Format(data["format"]),
        data.get("work", ""),
    )


def values_of(parameters: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The values of typed parameters, as Python knows them.

    Raises:
        InvalidInput: One has no name, an unknown type, or a value that is not of its type.
    """
    values: dict[str, Any] = {}
    for parameter in parameters:
        name = parameter.get("name")
        if not isinstance(name, str) or not name:
            raise InvalidInput("A parameter has no name.", hint="Send name, value and type; parameters are :name.")
        values[name] = _value(name, parameter.get("value"), str(parameter.get("type") or "STRING"))
    return values


def _value(name: str, value: Any, kind: str) -> Any:
    word = kind.strip().upper().partition("(")[0].strip()
    read = _READERS.get(word)
    if read is None:
        raise InvalidInput(f"The parameter {name} is of type {kind}, which no parameter can be.",
                           hint=did_you_mean(word, _READERS))  # fmt: skip
    if value is None:
        return None
    text = str(value).lower() if isinstance(value, bool) else str(value)
    try:
        return read(text)
    except (ValueError, KeyError, InvalidOperation, ArithmeticError) as error:
        raise InvalidInput(f"The parameter {name} is not a {word}: {text[:100]!r}.") from error


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text.strip())
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _truth(text: str) -> bool:
    return {"true": True, "false": False}[text.strip().lower()]


def _day(text: str) -> date:
    return date.fromisoformat(text.strip())


def _nothing(_: str) -> None:
    return None


_READERS: dict[str, Callable[[str], Any]] = {
    "STRING": str,
    **dict.fromkeys(("TINYINT", "SMALLINT", "INT", "BIGINT", "BYTE", "SHORT", "INTEGER", "LONG"), int),
    **dict.fromkeys(("FLOAT", "DOUBLE"), float),
    "DECIMAL": Decimal,
    "BOOLEAN": _truth,
    "DATE": _day,
    "TIMESTAMP": _instant,
    "TIMESTAMP_NTZ": _instant,
    "VOID": _nothing,
}
