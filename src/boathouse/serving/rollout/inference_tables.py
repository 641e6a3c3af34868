"""Which tables hold what an endpoint was asked and has answered, under the names that they have now."""

from boathouse.catalog import Catalog
from boathouse.catalog.repository import securables
from boathouse.foundation.names import TableName
from boathouse.serving.capture import repository
from boathouse.serving.capture.layout import TableKind
from boathouse.serving.endpoints.nouns import CaptureTarget


def predictions_table(catalog: Catalog, endpoint_id: str, target: CaptureTarget | None) -> TableName | None:
    """The table with one row per prediction; None while there is none."""
    return _table(catalog, endpoint_id, target, TableKind.PREDICTIONS)


def payload_table(catalog: Catalog, endpoint_id: str, target: CaptureTarget | None) -> TableName | None:
    """The table with one row per request; None while there is none."""
    return _table(catalog, endpoint_id, target, TableKind.PAYLOAD)


def _table(catalog: Catalog, endpoint_id: str, target: CaptureTarget | None, kind: TableKind) -> TableName | None:
    if target is None:
        return None
    where = f"{target.catalog}.{target.schema}.{target.prefix}"
    with catalog.database.read() as connection:
        table_id = repository.find(connection, endpoint_id, kind.value, where)
        found = None if table_id is None else securables.find_by_id(connection, table_id)
    return None if found is None else TableName.parse(found.full_name)
