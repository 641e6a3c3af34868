# pyright: reportUnknownParameterType=false
"""What an online store does, whatever it is made of: one value per key, replaced for all readers at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

import pyarrow as pa

Key = tuple[Any, ...]
"""The entity keys of one row, in the order of the schema."""

Instants = pa.Array | pa.ChunkedArray | None
"""Microseconds since 1970-01-01 UTC, as ``int64`` or as a timestamp; None where a table has no such clock."""


@dataclass(frozen=True, slots=True)
class OnlineSchema:
    """What one generation of an online table holds. Another schema needs another generation."""

    keys: pa.Schema
    features: pa.Schema
    time_to_live: timedelta | None = None
    """A value whose event time is older is no value."""


class Plan(Protocol):
    """Some features of a table, compiled: what a reader holds on to. Sees each commit from its next call on.

    Null keys match nothing. Any call raises NotFound when the table or a feature is gone, and Unavailable when
    the store does not answer.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """What each tuple holds: the features; before them ``event`` and ``known`` for a plan with instants."""
        ...

    def row(self, key: Key) -> tuple[Any, ...] | None: ...

    def rows(self, keys: Sequence[Key]) -> list[tuple[Any, ...] | None]:
        """All from one commit."""
        ...

    def columns(self, keys: pa.Table) -> pa.Table:
        """The features as columns, with nulls where there is no value, and before them ``__found``, a boolean; with
        instants, ``__event`` and ``__known`` too. All from one commit. The key columns are taken by name."""
        ...


class OnlineTable(Protocol):
    """A published table, as its readers see it."""

    @property
    def name(self) -> str: ...

    @property
    def schema(self) -> OnlineSchema: ...

    @property
    def meta(self) -> Mapping[str, Any]:
        """What the last commit said of itself."""
        ...

    def count(self) -> int:
        """Keys, expired ones among them."""
        ...

    def plan(self, features: Sequence[str] | None = None, *, instants: bool = False) -> Plan:
        """A compiled read of some features, or of all.

        Args:
            instants: Put event and known time, microseconds or None, before the features.

        Raises:
            NotFound: The table has no such feature.
        """
        ...

    def scan(self, batch_rows: int = 65_536) -> Iterator[pa.Table]:
        """All rows, in no order: the keys, ``__event``, ``__known``, and all features. Expired ones are there."""
        ...


class Writer(Protocol):
    """Changes that readers see all at once, or never. For one thread. As a context it aborts unless committed."""

    def put(self, keys: pa.Table, values: pa.Table, *, event: Instants = None, known: Instants = None) -> None:
        """Values for keys, row by row; of a key that is given twice, the last stands.

        Raises:
            InvalidInput: A key is null, a type does not fit, or a value is too large; names the key and the feature.
        """
        ...

    def delete(self, keys: pa.Table) -> None: ...

    def commit(self, meta: Mapping[str, Any]) -> int:
        """Show all changes to all readers. ``meta`` goes through JSON. Gives the number of keys that there are now."""
        ...

    def abort(self) -> None:
        """Forget all changes. Harmless after a commit."""
        ...

    def __enter__(self) -> "Writer": ...

    def __exit__(self, *error: object) -> None: ...


class OnlineStore(Protocol):
    """A place of online tables."""

    @property
    def name(self) -> str: ...

    def tables(self) -> list[str]: ...

    def table(self, online_table: str) -> OnlineTable | None:
        """A table that has been committed at least once."""
        ...

    def begin(
        self, online_table: str, schema: OnlineSchema, *, keep: bool, wait_seconds: float = 0
    ) -> Writer:  # fmt: skip
        """Start a publication. What a dead writer left is forgotten.

        Args:
            keep: Change the generation that is there; without, a new one replaces it.
            wait_seconds: How long to wait for another writer of the same table.

        Raises:
            Conflict: Somebody else is writing this table; or ``keep`` with another schema, or without a generation.
            Unavailable: The store does not answer.
        """
        ...

    def drop(self, online_table: str) -> None:
        """Forget a table; readers are told that it is gone. Harmless when there is none."""
        ...

    def close(self) -> None: ...
