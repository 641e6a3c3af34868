"""What a description says, to whom, and what a name may mean."""

import pyarrow as pa
import pytest

from boathouse.catalog import Catalog, LineageEdge, LineageNode, NodeKind, Privilege, SecurableKind
from boathouse.catalog.columns import columns_from_delta
from boathouse.foundation.context import RequestContext, TaskContext, in_request
from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.foundation.names import TableName
from boathouse.lake import open_snapshot, tables

USE = (Privilege.USE_CATALOG, Privilege.USE_SCHEMA)
RIDES = "dev.trips.rides"


def node(name: str, version: int | None = None) -> LineageNode:
    return LineageNode(NodeKind.TABLE, f"dev.trips.{name}", version)


@pytest.fixture
def rides(law) -> Catalog:
    """A real table with three rows, read by a job that trained a model, and made from another table."""
    catalog = law.catalog
    law.make_table("dev.trips.raw")
    place = catalog.securables.stage_table(law.admin, TableName.parse(RIDES))
    rows = pa.table({"id": [1, 2, 3], "city": ["Kiel", "Lund", "Riga"]})
    tables.create_table(place.storage_location, None, data=rows, commit_info={"boathouse.principal": "alice"})
    snapshot = open_snapshot(place.storage_location)
    columns = columns_from_delta(snapshot.schema_json, snapshot.partition_columns)
    catalog.securables.create_table(
        law.admin, TableName.parse(RIDES), table_id=place.table_id, storage_location=place.storage_location,
        columns=columns, comment="One row per ride.",
    )  # fmt: skip
    catalog.securables.register(law.admin, SecurableKind.JOB, "7", title="train")
    catalog.securables.register(law.admin, SecurableKind.REGISTERED_MODEL, "dev.trips.fare")
    run, model = LineageNode(NodeKind.RUN, "r1"), LineageNode(NodeKind.MODEL_VERSION, "dev.trips.fare", 3)
    catalog.lineage.record(law.admin, [LineageEdge(node("raw", 0), node("rides", 0), "WRITE")])
    with in_request(RequestContext(task=TaskContext(7, "train", 70, "t", 700))):
        catalog.lineage.record(law.admin, [LineageEdge(node("rides", 0), None, "READ")])
        catalog.lineage.record(
            law.admin, [LineageEdge(node("rides", 0), run, "TRAINED"), LineageEdge(run, model, "REGISTERED")]
        )
    return catalog


def test_a_table_is_described_from_all_sides(law, rides) -> None:
    law.let("bob", Privilege.SELECT, on="dev.trips")

    found = rides.describing.describe(law.admin, "dev.trips.RIDES")

    assert found.securable.comment == "One row per ride."
    assert found.state is not None
    assert (found.state.rows, found.state.version, found.state.written_by) == (3, 0, "alice")
    assert found.state.size_bytes > 0
    assert ("bob", Privilege.SELECT, "dev.trips") in {(g.grantee, g.privilege, g.full_name) for g in found.grants}
    assert found.upstream is not None and found.downstream is not None
    assert [step.source.node.name for step in found.upstream.steps] == ["dev.trips.raw"]
    assert found.used_by.use.reads == 1
    assert [job.name for job in found.used_by.jobs] == ["train"]
    assert found.used_by.models == ("dev.trips.fare@3",)


def test_who_may_only_browse_is_told_neither_place_nor_size_nor_neighbours(law, rides) -> None:
    law.let("bob", Privilege.BROWSE, on=RIDES)

    found = rides.describing.describe(law.bob, RIDES)

    assert found.state is None
    assert found.detail is not None and found.detail.storage_location == ""
    assert found.upstream is not None and (found.upstream.steps, found.upstream.hidden) == ((), 1)
    assert (found.used_by.jobs, found.used_by.models) == ((), ())


def test_a_schema_says_what_it_holds_as_far_as_one_may_know(law, rides) -> None:
    law.let("bob", Privilege.SELECT, on=RIDES)

    assert rides.describing.describe(law.admin, "dev.trips").inside == {
        SecurableKind.TABLE: 2, SecurableKind.REGISTERED_MODEL: 1,
    }  # fmt: skip
    assert rides.describing.describe(law.bob, "dev.trips").inside == {SecurableKind.TABLE: 1}
    assert rides.describing.describe(law.admin, "dev").inside[SecurableKind.SCHEMA] == 1


def test_a_job_is_named_by_its_title_or_its_id(law, rides) -> None:
    by_title, by_id = (rides.describing.describe(law.admin, text) for text in ("train", "7"))

    assert by_title.securable.full_name == by_id.securable.full_name == "7"
    rides.securables.register(law.admin, SecurableKind.EXPERIMENT, "12", title="train")
    with pytest.raises(InvalidInput, match="names several things"):
        rides.describing.describe(law.admin, "train")
    assert rides.describing.describe(law.admin, "train", SecurableKind.EXPERIMENT).securable.full_name == "12"


def test_what_is_not_there_gets_a_proposal_of_any_kind(law, rides) -> None:
    with pytest.raises(NotFound) as refused:
        rides.describing.describe(law.admin, "dev.trips.fair")
    assert refused.value.hint == "boathouse search finds what there is."
    with pytest.raises(NotFound) as refused:
        rides.describing.describe(law.admin, "dev.trips.rdies")
    assert refused.value.hint == "Did you mean dev.trips.rides?"


def test_what_may_not_be_known_is_not_there_and_not_proposed(law, rides) -> None:
    for name in (RIDES, "dev.trips.rdies", "train"):
        with pytest.raises(NotFound) as refused:
            rides.describing.describe(law.bob, name)
        assert "Did you mean" not in str(refused.value.hint)


def test_a_damaged_log_hides_the_state_and_nothing_else(law, rides) -> None:
    from boathouse.catalog.locations import path_of

    detail = rides.describing.describe(law.admin, RIDES).detail
    (path_of(detail.storage_location) / "_delta_log" / f"{0:020}.json").write_text("{broken")

    assert rides.describing.describe(law.admin, RIDES).securable.owner == "alice"


@pytest.mark.parametrize("name", ["", "@", "a.b.c.d", "`", "dev.trips.rides@1", "x" * 2_000, "a\0b"])
def test_a_name_that_means_nothing_is_refused(law, rides, name: str) -> None:
    with pytest.raises((NotFound, InvalidInput)):
        rides.describing.describe(law.admin, name)
