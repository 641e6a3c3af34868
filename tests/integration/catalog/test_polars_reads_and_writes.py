"""Polars' own Unity Catalog client, unmodified."""

from datetime import date

import polars as pl
import pytest

from boathouse.catalog import NodeKind, Privilege
from boathouse.catalog.repository.records import EdgeFilter, EventFilter
from boathouse.foundation.errors import Denied

pytestmark = [pytest.mark.server, pytest.mark.filterwarnings("ignore::polars.exceptions.UnstableWarning")]


SCHEMA = {"day": pl.Date, "value": pl.Float64, "tags": pl.List(pl.String)}


def polars_catalog(served, token=None) -> pl.Catalog:
    return pl.Catalog(served.url, bearer_token=token or served.admin_token, require_https=False)


def test_polars_lists_what_there_is(served):
    served.make_table()

    catalog = polars_catalog(served)

    assert [each.name for each in catalog.list_catalogs()] == ["dev", "prod", "staging", "system"]
    assert [each.name for each in catalog.list_namespaces("dev")] == ["trips"]
    assert [each.name for each in catalog.list_tables("dev", "trips")] == ["rides"]
    columns = catalog.get_table_info("dev", "trips", "rides").get_polars_schema()
    assert columns == {"id": pl.Int64, "city": pl.String}


def test_polars_scans_and_appends_to_a_governed_table(served):
    served.make_table()
    catalog = polars_catalog(served)

    catalog.write_table(pl.DataFrame({"id": [4], "city": ["Oslo"]}), "dev", "trips", "rides", delta_mode="append")
    rows = catalog.scan_table("dev", "trips", "rides").collect()

    assert sorted(rows["city"]) == ["Kiel", "Lund", "Oslo", "Riga"]


def test_a_reader_with_grants_reads_and_leaves_an_edge(served):
    served.make_table()
    served.let_bob(Privilege.USE_CATALOG, Privilege.USE_SCHEMA, Privilege.SELECT)

    rows = polars_catalog(served, served.bob_token).scan_table("dev", "trips", "rides").collect()

    assert rows.height == 3
    edges = [e for e in served.catalog.lineage.edges(served.admin, EdgeFilter()) if e.principal == "bob"]
    assert {(e.edge.operation, e.edge.source.kind, e.edge.source.name) for e in edges} == {
        ("LOCATION_GRANTED", NodeKind.TABLE, "dev.trips.rides")
    }


def test_a_stranger_reads_nothing_and_learns_nothing(served):
    served.make_table()
    catalog = polars_catalog(served, served.bob_token)

    assert [each.name for each in catalog.list_catalogs()] == ["system"]
    with pytest.raises(Exception, match=r"dev\.trips\.rides was not found"):
        catalog.scan_table("dev", "trips", "rides").collect()


def test_asking_to_write_without_modify_is_refused_and_remembered(served):
    """Polars goes on without credentials for a local table: on one machine the refusal warns and is remembered."""
    table = served.make_table()
    served.let_bob(Privilege.USE_CATALOG, Privilege.USE_SCHEMA, Privilege.SELECT)
    table_id = served.catalog.securables.table(served.bob, table).securable.id

    with pytest.raises(Denied, match=r"MODIFY on table dev\.trips\.rides is missing"):
        served.rest(served.bob_token).post(
            "/api/2.1/unity-catalog/temporary-table-credentials", {"table_id": table_id, "operation": "READ_WRITE"}
        )

    [event] = served.catalog.audit.events(EventFilter(principal="bob", action="generateTemporaryTableCredential"))
    assert event.status_code == 403


def test_polars_makes_and_drops_schemas_and_managed_tables(served):
    catalog = polars_catalog(served)

    catalog.create_namespace("dev", "made", comment="by polars")
    made = catalog.create_table(
        "dev",
        "made",
        "readings",
        schema=SCHEMA,
        table_type="MANAGED",
        data_source_format="DELTA",
    )
    catalog.write_table(
        pl.DataFrame({"day": [date(2013, 1, 1)], "value": [0.5], "tags": [["a"]]}, schema=SCHEMA),
        "dev", "made", "readings", delta_mode="append",
    )  # fmt: skip

    assert made.table_type == "MANAGED"
    assert catalog.scan_table("dev", "made", "readings").collect().rows() == [(date(2013, 1, 1), 0.5, ["a"])]
    catalog.delete_table("dev", "made", "readings")
    catalog.delete_namespace("dev", "made")
    assert [each.name for each in catalog.list_namespaces("dev")] == ["trips"]
