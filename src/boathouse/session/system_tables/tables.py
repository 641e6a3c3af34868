# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Which system tables there are, who may read them, and who computes their rows."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from boathouse.catalog import Behind, Column, Privilege, Securable, SecurableKind, Table, TableType, View
from boathouse.catalog.columns import columns_from_delta
from boathouse.catalog.definitions import VIEW_FORMAT
from boathouse.catalog.securables import INFORMATION_SCHEMA, SYSTEM_CATALOG
from boathouse.foundation.errors import InvalidInput, NotFound, Unavailable, did_you_mean
from boathouse.foundation.names import TableName
from boathouse.foundation.principals import SYSTEM as BOATHOUSE
from boathouse.foundation.principals import Principal
from boathouse.session.system_tables.audit import AUDIT, audit_row
from boathouse.session.system_tables.higher_rooms import HIGHER, Providers, Queried, RowsOf
from boathouse.session.system_tables.information import INFORMATION, InformationSchema
from boathouse.session.system_tables.lineage import COLUMN_LINEAGE, TABLE_LINEAGE, column_rows, table_row

if TYPE_CHECKING:
    from boathouse.catalog import Catalog

SYSTEM_FORMAT = "BOATHOUSE_SYSTEM"
"""The data source format of these tables."""

SYSTEM: dict[tuple[str, str], pa.Schema] = {
    ("access", "audit"): AUDIT,
    ("access", "table_lineage"): TABLE_LINEAGE,
    ("access", "column_lineage"): COLUMN_LINEAGE,
    **HIGHER,
}


def is_system(name: TableName) -> bool:
    """Whether the rows of the table come from the law itself."""
    return name.catalog == SYSTEM_CATALOG or name.schema == INFORMATION_SCHEMA


class SystemTables:
    """Answers system tables from the catalog, each principal its own view."""

    def __init__(self, catalog: "Catalog", providers: Providers | None = None) -> None:
        self._catalog = catalog
        self._providers = providers or {}
        self._information = InformationSchema(catalog)

    def schema(self, name: TableName) -> pa.Schema:
        """The columns of a system table.

        Raises:
            NotFound: There is no such table.
        """
        if name.schema == INFORMATION_SCHEMA:
            known = {f"{name.parent}.{table}": schema for table, schema in INFORMATION.items()}
        else:
            known = {f"{SYSTEM_CATALOG}.{schema}.{table}": found for (schema, table), found in SYSTEM.items()}
        if str(name) not in known:
            raise NotFound(f"Table {name} was not found.", hint=did_you_mean(str(name), known))
        return known[str(name)]

    def columns(self, name: TableName) -> tuple[Column, ...]:
        """The columns as the catalog describes those of any table."""
        from deltalake import Schema

        return columns_from_delta(Schema.from_arrow(self.schema(name)).to_json())

    def require(self, principal: Principal, name: TableName) -> None:
        """Who may read which: an information schema whoever knows of the catalog, the rest by grants."""
        grants = self._catalog.grants
        if name.schema == INFORMATION_SCHEMA:
            grants.require_visible(principal, SecurableKind.CATALOG, name.catalog)
        else:
            grants.require(principal, Privilege.SELECT, SecurableKind.SCHEMA, str(name.parent))
        self.schema(name)

    def table(self, principal: Principal, name: TableName) -> Table:
        """The table as a statement of the principal reads it: most are frames that :meth:`rows` gives, others views."""
        self.require(principal, name)
        columns = self.columns(name)
        if (name.schema, name.name) not in HIGHER or not isinstance(provider := self._provider(name), Queried):
            return Table(_securable(name, BOATHOUSE), TableType.VIEW, SYSTEM_FORMAT, "", columns)
        found = provider.query(principal)
        view = View(found.text, tuple(self.schema(name).names), behind=Behind(found.tables))
        # Nothing is hidden from a reader who may read all that is behind, and so conditions may reach the files.
        return Table(_securable(name, principal), TableType.VIEW, VIEW_FORMAT, "", columns, view)

    def rows(self, principal: Principal, name: TableName) -> pa.Table:
        """The rows that the principal may see."""
        self.require(principal, name)
        schema = self.schema(name)
        return pa.Table.from_pylist(list(self._rows(principal, name)), schema=schema)

    def _provider(self, name: TableName) -> RowsOf | Queried:
        provider = self._providers.get((name.schema, name.name))
        if provider is None:
            raise Unavailable(f"Nobody gives the rows of {name} here.", hint="Ask a running Boathouse.")
        return provider

    def _rows(self, principal: Principal, name: TableName) -> Iterable[Mapping[str, Any]]:
        match (name.schema, name.name):
            case place if place in HIGHER:
                provider = self._provider(name)
                if isinstance(provider, Queried):
                    raise InvalidInput(f"{name} is computed where it is read.", hint=f"SELECT * FROM {name}")
                return provider(principal)
            case ("access", "audit"):
                return map(audit_row, self._catalog.audit.events(limit=None))
            case ("access", "table_lineage"):
                return map(table_row, self._catalog.lineage.edges(principal, limit=None))
            case ("access", "column_lineage"):
                return column_rows(self._catalog.lineage.edges(principal, limit=None))
            case (_, information):
                inside = None if name.catalog == SYSTEM_CATALOG else name.catalog
                return self._information.rows(principal, information, inside)


def _securable(name: TableName, owner: Principal) -> Securable:
    return Securable("", SecurableKind.TABLE, str(name), owner=owner.name)
