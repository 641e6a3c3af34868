"""The governed names that fit where somebody writes: catalogs, schemas, tables, functions, columns, as far as the
visitor may know of them."""

import re
from typing import Any

from boathouse.catalog import SecurableKind
from boathouse.foundation.errors import BoathouseError
from boathouse.foundation.names import TableName
from boathouse.server.ui.visitor import Visitor

Option = dict[str, Any]
MOST_TABLES = 12
"""Tables of one text whose columns are looked up."""
_MENTION = re.compile(
    r"\b(?:from|join|into|update|table)\s+((?:`[^`]+`|\w+)(?:\.(?:`[^`]+`|\w+)){2})(?:\s+(?:as\s+)?(\w+))?",
    re.IGNORECASE,
)
_NO_ALIAS_TEXT = """
where on using join left right inner full cross group order having limit union set values select as natural lateral
qualify window version timestamp when tablesample
"""
_NO_ALIAS = frozenset(_NO_ALIAS_TEXT.split())


def mentioned(text: str) -> dict[str, str]:
    """The tables that a text names in full, by what its columns may be called after: the alias and the last part."""
    found: dict[str, str] = {}
    for match in _MENTION.finditer(text):
        name, alias = match[1].replace("`", ""), match[2]
        found[name.rpartition(".")[2].lower()] = name
        if alias and alias.lower() not in _NO_ALIAS:
            found[alias.lower()] = name
    return found


class Names:
    """Looks names up once per page: what was found is remembered as long as the page is open."""

    def __init__(self, visitor: Visitor) -> None:
        self._visitor = visitor
        self._known: dict[tuple[str, str], list[Option]] = {}

    async def options(self, path: str, text: str) -> list[Option]:
        """What may stand behind ``path`` and a dot, or at the beginning of a name when there is none."""
        tables = mentioned(text)
        parts = path.split(".") if path else []
        match parts:
            case []:
                return await self._at_the_beginning(tables)
            case [one] if one.lower() in tables:
                return await self._columns(tables[one.lower()])
            case [catalog]:
                return await self._children(SecurableKind.SCHEMA, catalog, "schema", "namespace")
            case [_, _]:
                tables_there = await self._children(SecurableKind.TABLE, path, "table", "class")
                return tables_there + await self._children(SecurableKind.FUNCTION, path, "function", "function")
            case [_, _, _]:
                return await self._columns(path)
            case _:
                return []

    async def _at_the_beginning(self, tables: dict[str, str]) -> list[Option]:
        found = await self._children(SecurableKind.CATALOG, "", "catalog", "namespace")
        for alias, name in list(tables.items())[:MOST_TABLES]:
            found = [*found, _option(alias, name, "variable")]
        for name in list(dict.fromkeys(tables.values()))[:MOST_TABLES]:
            found = [*found, *await self._columns(name)]
        return found

    async def _children(self, kind: SecurableKind, parent: str, detail: str, symbol: str) -> list[Option]:
        key = (kind.value, parent)
        if key not in self._known:
            try:
                verb = self._visitor.plane.catalog.securables.list
                there = await self._visitor.ask(verb, kind, parent or None)
            except BoathouseError:
                return []  # no such place, or not for them: there is nothing to complete
            self._known[key] = [_option(each.full_name.rpartition(".")[2], detail, symbol) for each in there]
        return self._known[key]

    async def _columns(self, name: str) -> list[Option]:
        key = ("column", name)
        if key not in self._known:
            try:
                table = await self._visitor.ask(self._visitor.plane.catalog.securables.table, TableName.parse(name))
            except BoathouseError:
                return []
            self._known[key] = [_option(each.name, each.type_text, "property") for each in table.columns]
        return self._known[key]


def _option(name: str, detail: str, symbol: str) -> Option:
    is_plain = re.fullmatch(r"[A-Za-z_]\w*", name) is not None
    return {"label": name, "detail": detail, "type": symbol, "apply": name if is_plain else f"`{name}`"}
