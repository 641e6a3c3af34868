"""What flows along edges. The same statement run a thousand times has one row here."""

import hashlib
import json
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, select

from boathouse.catalog.repository.schema import column_flows
from boathouse.catalog.securables import ColumnFlow
from boathouse.metastore.upserting import insert_missing


def stored(flow: ColumnFlow) -> tuple[str, str]:
    """The id and the text under which a flow is kept."""
    text = json.dumps(flow.to_json(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:40], text


def keep(connection: Connection, flows: Mapping[str, str]) -> None:
    """Add texts by id; those that are there already stay."""
    insert_missing(connection, column_flows, [{"flow_id": id, "flow": flows[id]} for id in sorted(flows)])


def find(connection: Connection, ids: Iterable[str]) -> dict[str, ColumnFlow]:
    """The flows with these ids."""
    wanted, found = sorted(set(ids)), dict[str, ColumnFlow]()
    for start in range(0, len(wanted), 400):
        query = select(column_flows).where(column_flows.c.flow_id.in_(wanted[start : start + 400]))
        found |= {row.flow_id: ColumnFlow.from_json(json.loads(row.flow)) for row in connection.execute(query)}
    return found
