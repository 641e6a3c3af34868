"""``system.serving.endpoint_usage``: one row per request, as the inference tables of all endpoints have them."""

from collections.abc import Mapping

from boathouse.catalog import Catalog, Column, Privilege, Table
from boathouse.catalog.repository import securables
from boathouse.foundation.errors import Denied, NotFound
from boathouse.foundation.names import TableName, quote_part
from boathouse.foundation.principals import Principal
from boathouse.serving.capture import repository
from boathouse.serving.capture.layout import TableKind
from boathouse.session.system_tables.higher_rooms import SystemQuery

_KEPT = {
    "client_request_id": "STRING",
    "databricks_request_id": "STRING",
    "requester": "STRING",
    "status_code": "INT",
    "request_time": "TIMESTAMP",
    "request": "STRING",
    "response": "STRING",
    "served_entity_id": "STRING",
    "endpoint_name": "STRING",
    "sampling_fraction": "DOUBLE",
    "execution_duration_ms": "BIGINT",
    "row_count": "BIGINT",
    "fallback_rung": "STRING",
    "route": "STRING",
}
"""What is read of a table, and as which type."""

_USAGE = '"usage" *: *[{](?:[^{}]|[{][^{}]*[}])*?"(?:%s)_tokens" *: *([0-9]{1,15})'
"""A count in an answer's usage block, as models of language have it."""


def _tokens(names: str) -> str:
    """The sum over the usage blocks of an answer; null where it has none."""
    found = f"regexp_extract_all(response, '{_USAGE % names}', 1)"
    counted = f"aggregate({found}, CAST(0 AS BIGINT), (total, each) -> total + CAST(each AS BIGINT))"
    return f"CASE WHEN size({found}) > 0 THEN {counted} END"


_SHOWN = f"""
SELECT CAST(NULL AS STRING) AS account_id, '0' AS workspace_id, client_request_id, databricks_request_id, requester,
    status_code, request_time,
    {_tokens("prompt|input")} AS input_token_count,
    {_tokens("completion|output")} AS output_token_count,
    CAST(length(request) AS BIGINT) AS input_character_count,
    CAST(length(response) AS BIGINT) AS output_character_count,
    CAST(NULL AS MAP<STRING, STRING>) AS usage_context, false AS request_streaming, served_entity_id,
    endpoint_name, sampling_fraction, execution_duration_ms, row_count, fallback_rung
"""
_NO_TYPES = ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, kind in _KEPT.items())


class EndpointUsage:
    """Puts the table together: of the inference tables that a principal may read. Shadows are no requests."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def query(self, principal: Principal) -> SystemQuery:
        """Its rows, as a query."""
        tables = self._readable(principal)
        read = [f"SELECT {_columns(each)} FROM {_name(each).quoted()}" for each in tables]
        rows = " UNION ALL ".join(read or [f"SELECT {_NO_TYPES} WHERE false"])
        return SystemQuery(f"{_SHOWN} FROM ({rows}) WHERE coalesce(route, '') <> 'shadow'", tuple(tables))

    def _readable(self, principal: Principal) -> list[Table]:
        with self._catalog.database.read() as connection:
            kept = [each for each in repository.listed(connection) if each.kind == TableKind.PAYLOAD.value]
            there = securables.by_ids(connection, list(dict.fromkeys(each.table_id for each in kept)))
        found: list[Table] = []
        for each in there.values():
            try:
                table = self._catalog.securables.resolve_table(
                    principal, TableName.parse(each.full_name), Privilege.SELECT
                )
            except (Denied, NotFound):  # NotFound: dropped meanwhile, or nothing that the principal may know of
                continue
            found.append(table)
        return found


def _name(table: Table) -> TableName:
    return TableName.parse(table.securable.full_name)


def _columns(table: Table) -> str:
    known = {column.name.lower(): column for column in table.columns}
    return ", ".join(_column(known, name, kind) for name, kind in _KEPT.items())


def _column(known: Mapping[str, Column], name: str, kind: str) -> str:
    """A column of ours in a table to which anything may have been done since it was made."""
    found = known.get(name)
    if found is None:
        return f"CAST(NULL AS {kind}) AS {name}"
    if found.type_text.upper() == kind:
        return name
    return f"try_cast({quote_part(found.name)} AS {kind}) AS {name}"
