"""The nouns: where a value comes from, and the columns that a relation gives."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Origin = tuple[str, str]
"""A column of something that is read: the alias under which it is bound, and the column's name."""

EVERY_COLUMN = "*"
"""In the place of a column's name: all there are, because we do not know them or cannot tell which."""

NOTHING: frozenset[Origin] = frozenset()


@dataclass(frozen=True, slots=True)
class Flow:
    """What a value comes from, and what decides it."""

    direct: frozenset[Origin] = NOTHING
    indirect: frozenset[Origin] = NOTHING

    def __or__(self, other: "Flow") -> "Flow":
        return Flow(self.direct | other.direct, self.indirect | other.indirect)

    @property
    def everything(self) -> frozenset[Origin]:
        return self.direct | self.indirect


@dataclass(frozen=True, slots=True)
class Output:
    """A column that a relation gives."""

    name: str
    flow: Flow


@dataclass(frozen=True, slots=True)
class Spread:
    """Columns whose number and names only the engine knows: of a file, or of a struct spelled out by ``.*``."""

    flow: Flow
    source: str | None = None
    """The alias of the file, whose columns then keep their names."""

    def column(self, name: str) -> Flow:
        return self.flow if self.source is None else Flow(frozenset({(self.source, name)}))


Column = Output | Spread


@dataclass(frozen=True, slots=True)
class Relation:
    """What stands after FROM, or a whole query: columns, and what decides which rows there are."""

    columns: tuple[Column, ...]
    rows: frozenset[Origin] = NOTHING

    def find(self, name: str) -> Flow | None:
        """The column of that name; None when there is none that we know of."""
        found = [each.flow for each in self.columns if isinstance(each, Output) and each.name.lower() == name]
        return merged(found) if found else None

    def guess(self, name: str) -> Flow | None:
        """What the name may be among the columns that only the engine knows."""
        spreads = [each.column(name) for each in self.columns if isinstance(each, Spread)]
        return merged(spreads) if spreads else None

    @property
    def everything(self) -> Flow:
        return merged(each.flow for each in self.columns)

    def renamed(self, names: Sequence[str]) -> "Relation":
        """Under the names of an alias such as ``t(a, b)``."""
        if not names:
            return self
        if any(isinstance(each, Spread) for each in self.columns):
            return Relation(tuple(Output(name, self.everything) for name in names), self.rows)
        kept = [Output(name, each.flow) for name, each in zip(names, self.columns, strict=False)]
        return Relation((*kept, *self.columns[len(kept) :]), self.rows)


def merged(flows: Iterable[Flow]) -> Flow:
    """One flow of several."""
    direct: set[Origin] = set()
    indirect: set[Origin] = set()
    for flow in flows:
        direct |= flow.direct
        indirect |= flow.indirect
    return Flow(frozenset(direct), frozenset(indirect))


@dataclass(frozen=True, slots=True)
class QueryFlow:
    """The lineage of a query's columns."""

    relation: Relation

    @property
    def rows(self) -> frozenset[Origin]:
        """What decides which rows there are; it concerns every column."""
        return self.relation.rows

    def of(self, names: Sequence[str]) -> list[Flow] | None:
        """The flow of each column of the result, whose names the engine has told; None if they do not match."""
        columns = self.relation.columns
        spreads = [position for position, each in enumerate(columns) if isinstance(each, Spread)]
        if not spreads:
            return [each.flow for each in columns] if len(columns) == len(names) else None
        missing = len(names) - (len(columns) - len(spreads))
        if missing < 0:
            return None
        if len(spreads) > 1:  # who of them gives which is not known
            return [self.relation.everything] * len(names)
        (place,) = spreads
        spread = columns[place]
        assert isinstance(spread, Spread)
        filled = [spread.column(name) for name in names[place : place + missing]]
        return [*(each.flow for each in columns[:place]), *filled, *(each.flow for each in columns[place + 1 :])]
