"""``system.serving.served_entities``: what endpoints have served, each version from when it could answer."""

from collections.abc import Iterator
from typing import Any

from boathouse.catalog import Catalog
from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database
from boathouse.serving.endpoints import repository as rows
from boathouse.serving.endpoints.access import ENDPOINT


class ServingTables:
    """Reads the table: of the endpoints that the principal may see; administrators see those too that are gone."""

    def __init__(self, database: Database, catalog: Catalog) -> None:
        self._database = database
        self._catalog = catalog

    def served_entities(self, principal: Principal) -> Iterator[dict[str, Any]]:
        """Every version that an endpoint came to ask under a configuration, in time."""
        with self._database.read() as connection:
            found = rows.every_standing(connection)
        live = [name for name, deleted_at in {(each.name, each.deleted_at) for each, _ in found} if deleted_at is None]
        visible = self._catalog.grants.visible(principal, ENDPOINT, live)
        seen: set[tuple[str, int, str]] = set()
        for row, standing in found:
            if not principal.is_admin and (row.deleted_at is not None or row.name not in visible):
                continue
            for each in standing.entities:
                key = (row.endpoint_id, standing.config_version, each.entity_id)
                if key in seen:
                    continue
                seen.add(key)
                yield {
                    "served_entity_id": each.entity_id,
                    "workspace_id": "0",
                    "endpoint_id": row.endpoint_id,
                    "endpoint_name": row.name,
                    "served_entity_name": each.name,
                    "entity_type": "FEATURE_SPEC" if each.version is None else "CUSTOM_MODEL",
                    "entity_name": each.entity,
                    "entity_version": None if each.version is None else str(each.version),
                    "endpoint_config_version": standing.config_version,
                    "created_by": row.created_by,
                    "change_time": from_epoch_ms(standing.since),
                    "endpoint_delete_time": None if row.deleted_at is None else from_epoch_ms(row.deleted_at),
                }
