# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""``system.access.table_lineage`` and ``system.access.column_lineage``: where data went."""

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from boathouse.catalog import LineageNode, NodeKind
from boathouse.catalog.securables import LineageEdge
from boathouse.foundation.clock import from_epoch_ms
from boathouse.session.system_tables.types import TEXT, TIME

_NODE = ("table_full_name", "table_catalog", "table_schema", "table_name", "path", "type", "version")
_FIELDS: list[tuple[str, pa.DataType]] = [
    ("account_id", TEXT),
    ("metastore_id", TEXT),
    ("workspace_id", TEXT),
    ("entity_type", TEXT),
    ("entity_id", TEXT),
    ("entity_run_id", TEXT),
    *[(f"source_{name}", pa.int64() if name == "version" else TEXT) for name in _NODE],
    *[(f"target_{name}", pa.int64() if name == "version" else TEXT) for name in _NODE],
    ("operation", TEXT),
    ("created_by", TEXT),
    ("event_time", TIME),
    ("event_date", pa.date32()),
    ("record_id", TEXT),
    ("event_id", TEXT),
    ("statement_id", TEXT),
    ("entity_metadata", pa.map_(TEXT, TEXT)),
    ("direct_access", pa.bool_()),
]
TABLE_LINEAGE = pa.schema(_FIELDS)
_COLUMNS = [("source_column_name", TEXT), ("target_column_name", TEXT)]
_PLACE = next(place for place, (name, _) in enumerate(_FIELDS) if name == "operation")
COLUMN_LINEAGE = pa.schema([*_FIELDS[:_PLACE], *_COLUMNS, *_FIELDS[_PLACE:]])


def table_row(recorded: Any) -> dict[str, Any]:
    """An edge as Databricks' table has it."""
    when = from_epoch_ms(recorded.event_time)
    entity: dict[str, Any] = recorded.edge.entity
    job = entity.get("job_id")
    return {
        "metastore_id": "metastore",
        "workspace_id": "0",
        "entity_type": "JOB" if job is not None else None,
        "entity_id": str(job) if job is not None else None,
        "entity_run_id": str(entity["run_id"]) if "run_id" in entity else None,
        **_end("source", recorded.edge.source),
        **_end("target", recorded.edge.target),
        "operation": recorded.edge.operation,
        "created_by": recorded.principal,
        "event_time": when,
        "event_date": when.date(),
        "record_id": recorded.edge_id,
        "event_id": recorded.edge_id,
        "statement_id": recorded.edge.statement_id,
        "entity_metadata": [(key, str(value)) for key, value in entity.items()],
        "direct_access": True,
    }


def column_rows(edges: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """One row per pair of columns of which one flows into the other. What only decides has no row, and neither has what
    nobody knows the columns of."""
    for recorded in edges:
        edge: LineageEdge = recorded.edge
        if edge.source is None or edge.target is None or edge.columns is None:
            continue
        row = table_row(recorded)
        for target, sources in edge.columns.direct.items():
            for source in sources:
                yield {**row, "source_column_name": source, "target_column_name": target}


def _end(side: str, node: LineageNode | None) -> dict[str, Any]:
    if node is None:
        return {}
    row: dict[str, Any] = {f"{side}_type": node.kind.name, f"{side}_version": node.version}
    if node.kind is NodeKind.TABLE:
        catalog, schema, name = node.name.split(".")
        return row | {
            f"{side}_table_full_name": node.name,
            f"{side}_table_catalog": catalog,
            f"{side}_table_schema": schema,
            f"{side}_table_name": name,
        }
    return row | {f"{side}_path": node.name}
