"""What a name means at one place of a query."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sqlglot import exp

from boathouse.session.sql.column_lineage.flows import Column, Flow, Output, Relation, merged

Source = tuple[str, Relation]
"""The alias of something after FROM, in small letters, and what it gives."""


@dataclass(slots=True)
class Scope:
    """The sources of one SELECT, the names that its list has given so far, and the query around it."""

    relation_of: "Callable[[exp.Expr, Scope], Relation]"
    """How to look into a subquery."""
    ctes: dict[str, Relation]
    parent: "Scope | None" = None
    sources: list[Source] = field(default_factory=list[Source])
    joined: set[str] = field(default_factory=set[str])
    """Columns that USING has made one."""
    given: dict[str, Flow] = field(default_factory=dict[str, Flow])
    windows: dict[str, Flow] = field(default_factory=dict[str, Flow])

    def inner(self) -> "Scope":
        """The scope of a query inside this one."""
        return Scope(self.relation_of, dict(self.ctes), self)

    def column(self, column: exp.Column, *, after_list: bool = False) -> Flow:
        """What a column is. After the list (GROUP BY, ORDER BY...) a name may also be one that the list has given;
        where the engine would have to choose, both count."""
        parts = [str(part.this).lower() for part in column.parts if isinstance(part, exp.Identifier)]
        found = self._resolve(parts)
        given = self.given.get(parts[0]) if len(parts) == 1 else None
        if found is None:
            return given or self._anything()
        return found | given if given is not None and after_list else found

    def star(self, table: str | None, left_out: Iterable[str]) -> tuple[Output, ...] | None:
        """The columns that ``*`` or ``table.*`` stands for, if all of them are known."""
        if table is not None and all(alias != table for alias, _ in self.sources):
            return None
        unwanted, columns = set(left_out), dict[object, Output]()
        for alias, relation in self.sources:
            if table not in (None, alias):
                continue
            for position, each in enumerate(relation.columns):
                if not isinstance(each, Output):
                    return None
                name = each.name.lower()
                if name in unwanted:
                    continue
                key = name if table is None and name in self.joined else (alias, position)
                known = columns.get(key)
                columns[key] = Output(each.name, known.flow | each.flow) if known else each
        return tuple(columns.values())

    def all_of(self, table: str | None) -> tuple[Column, ...]:
        """The columns of a source, or of all, known or not."""
        return tuple(each for alias, relation in self.sources if table in (None, alias) for each in relation.columns)

    def _resolve(self, parts: list[str]) -> Flow | None:
        """Innermost first: a column of a named source; then a plain column, or a field of one; then a whole row."""
        if not parts:
            return None
        if len(parts) > 1:
            for alias, relation in self.sources:
                if alias == parts[0]:
                    found = relation.find(parts[1]) or relation.guess(parts[1])
                    if found is not None:
                        return found
        for look in (Relation.find, Relation.guess):
            found = [flow for _, relation in self.sources if (flow := look(relation, parts[0])) is not None]
            if found:
                return merged(found)
        if len(parts) == 1:
            for alias, relation in self.sources:
                if alias == parts[0]:
                    return relation.everything
        return self.parent._resolve(parts) if self.parent is not None else None

    def _anything(self) -> Flow:
        """A name that we do not understand may be any column in sight."""
        here = merged(relation.everything for _, relation in self.sources)
        return here if self.parent is None else here | self.parent._anything()
