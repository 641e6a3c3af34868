"""What feature tables there are, how fresh they are, and who takes their features: as far as a principal may know."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from boathouse.catalog import Catalog, NodeKind, Privilege, Securable, SecurableKind, Table
from boathouse.catalog.keys import PRIMARY_KEYS
from boathouse.catalog.lineage_graph import Walk
from boathouse.catalog.lineage_names import GOVERNED
from boathouse.features.inventory.consumers import takers
from boathouse.features.inventory.freshness import age_at_commit, freshness_of, newest_event
from boathouse.features.inventory.nouns import AgeAtCommit, Consumer, Freshness, ShownTable
from boathouse.features.inventory.table_json import feature_table_json, freshness_json
from boathouse.features.online.nouns import Publication
from boathouse.features.tables.feature_tables import FeatureTable, feature_table_of
from boathouse.foundation.clock import Clock
from boathouse.foundation.errors import BoathouseError, InvalidInput, NotFound, did_you_mean
from boathouse.foundation.names import SchemaName, TableName, split_name
from boathouse.foundation.principals import Principal
from boathouse.lake import Snapshot, open_snapshot
from boathouse.lake.history import history

K = SecurableKind

Publications = Callable[[Principal, str], Sequence[Publication]]
"""Where a table is published."""

_THROUGH_A_RUN = 2
"""Steps from a table over a run to the model version that it has made."""


class FeatureTables:
    """Feature tables, seen through the catalog."""

    def __init__(self, catalog: Catalog, clock: Clock, publications: Publications) -> None:
        self._catalog = catalog
        self._clock = clock
        self._publications = publications

    def listed(self, principal: Principal, place: str | None = None) -> list[FeatureTable]:
        """The feature tables of a catalog, of a schema, or all, by name.

        Raises:
            NotFound: There is no such catalog or schema.
        """
        found: list[FeatureTable] = []
        for schema in self._schemas(principal, place):
            tables = self._catalog.securables.tables(principal, schema)
            found += [known for table in tables if (known := known_feature_table(table)) is not None]
        return sorted(found, key=lambda each: each.name)

    def shown(self, principal: Principal, name: str, as_of: datetime | None = None) -> ShownTable:
        """A feature table with its state now, or its age as of an instant.

        Raises:
            NotFound: There is no such table.
            InvalidInput: It has no primary key.
        """
        table = self._catalog.securables.table(principal, TableName.parse(name))
        found = feature_table_of(table)
        snapshot = _snapshot_of(table)
        return ShownTable(
            found,
            snapshot.version if snapshot is not None else None,
            freshness_of(found, snapshot, as_of or self._clock.now()) if snapshot is not None else None,
            tuple(self._publications(principal, found.name)),
            len(self.consumers(principal, found.name)),
        )

    def ages(
        self, principal: Principal, names: Sequence[str], as_of: datetime | None = None
    ) -> dict[str, Freshness | None]:
        """How old these tables are; what is no feature table, or not for the principal, is left out. None: the table
        cannot be read."""
        found: dict[str, Freshness | None] = {}
        for name in names:
            try:
                table = self._catalog.securables.table(principal, TableName.parse(name))
            except BoathouseError:
                continue
            known = known_feature_table(table)
            if known is not None:
                snapshot = _snapshot_of(table)
                found[known.name] = freshness_of(known, snapshot, as_of or self._clock.now()) if snapshot else None
        return found

    def freshness_in_time(self, principal: Principal, name: str, limit: int = 30) -> list[AgeAtCommit]:
        """How old the newest values were around the latest commits that changed data, in time.

        Raises:
            NotFound: There is no such table.
            Denied: The principal may not read it.
            InvalidInput: It has no primary key.
        """
        table = self._catalog.securables.resolve_table(principal, TableName.parse(name), Privilege.SELECT)
        column, location = feature_table_of(table).timeseries_column, table.storage_location
        if column is None or not location:
            return []
        commits = [each for each in history(location) if each.changes_data][:limit]
        found: list[AgeAtCommit] = []
        before: datetime | None = None
        for each in reversed(commits):
            try:
                newest = newest_event(open_snapshot(location, version=each.version), column)
            except BoathouseError:  # its part of the log was cleaned meanwhile
                continue
            if newest is not None:
                found.append(age_at_commit(each.timestamp, newest, before))
            before = newest
        return found

    def told(self, principal: Principal, securable: Securable, _: str | None = None) -> dict[str, Any]:
        """The feature side of a table, for its description; nothing for any other table."""
        if PRIMARY_KEYS not in securable.properties:
            return {}
        table = self._catalog.securables.table(principal, TableName.parse(securable.full_name))
        found = known_feature_table(table)
        if found is None:
            return {}
        snapshot = _snapshot_of(table)
        return {
            "feature_table": {
                **feature_table_json(found),
                "freshness": freshness_json(freshness_of(found, snapshot, self._clock.now()) if snapshot else None),
                "published": [each.online_table for each in self._publications(principal, found.name)],
            }
        }

    def consumers(self, principal: Principal, name: str) -> list[Consumer]:
        """Who takes a table's features, or one of them (``catalog.schema.table.feature``).

        Jobs are those that have read the table lately; of one feature, nobody knows that of a job.

        Raises:
            NotFound: There is no such table or feature.
        """
        parts = split_name(name)
        if len(parts) not in (3, 4):
            raise InvalidInput(f"{name!r} is no feature table.", hint="Write catalog.schema.table or table.feature.")
        table = self._catalog.securables.table(principal, TableName(*parts[:3]))
        feature = _feature(feature_table_of(table), parts[3]) if len(parts) == 4 else None
        asked = self._catalog.lineage.find(principal, name, NodeKind.TABLE)
        graph = self._catalog.lineage.columns_down(
            principal, asked, Walk("down", depth=_THROUGH_A_RUN, with_indirect=True)
        )
        found = [*takers(graph), *(self._jobs(principal, table.securable.full_name) if feature is None else ())]
        return sorted(self._living(principal, found), key=lambda each: (each.kind, each.name, -(each.version or 0)))

    def _jobs(self, principal: Principal, name: str) -> Iterator[Consumer]:
        used = self._catalog.describing.used_by(principal, name)
        for job in used.jobs:
            yield Consumer("job", str(job.job_id), title=job.name, how="READ")

    def _living(self, principal: Principal, found: Sequence[Consumer]) -> Iterator[Consumer]:
        """Without what has been dropped: nothing breaks that is not there."""
        for kind, governed in GOVERNED.items():
            named = [each for each in found if each.kind == kind.value]
            living = self._catalog.grants.visible(principal, governed, {each.name for each in named})
            yield from (each for each in named if each.name in living)
        ungoverned = {kind.value for kind in GOVERNED}
        yield from (each for each in found if each.kind not in ungoverned)

    def _schemas(self, principal: Principal, place: str | None) -> Iterator[SchemaName]:
        parts = split_name(place) if place else []
        if len(parts) > 2:
            raise InvalidInput(f"{place!r} is no schema.", hint="Write catalog or catalog.schema.")
        if len(parts) == 2:
            yield SchemaName(*parts)
            return
        if place is None:  # the tables of a schema are read with their columns: only where one has a key
            tables = self._catalog.securables.list(principal, K.TABLE)
            keyed = {TableName.parse(each.full_name).parent for each in tables if PRIMARY_KEYS in each.properties}
            yield from sorted(keyed, key=str)
            return
        for schema in self._catalog.securables.list(principal, K.SCHEMA, place):
            yield SchemaName.parse(schema.full_name)


def known_feature_table(table: Table) -> FeatureTable | None:
    """The feature side of a table; None for one without, or whose declaration does not hold any more."""
    if PRIMARY_KEYS not in table.securable.properties:
        return None
    try:
        return feature_table_of(table)
    except BoathouseError:
        return None


def _snapshot_of(table: Table) -> Snapshot | None:
    """None for who may not read the table; a damaged one still has a definition."""
    try:
        return open_snapshot(table.storage_location) if table.storage_location else None
    except BoathouseError:
        return None


def _feature(table: FeatureTable, name: str) -> str:
    known = {column.name.lower(): column.name for column in table.columns}
    if name.lower() not in known:
        hint = did_you_mean(name.lower(), known) or f"It has {', '.join(table.features)}."
        raise NotFound(f"Feature table {table.name} has no feature {name}.", hint=hint)
    return known[name.lower()]
