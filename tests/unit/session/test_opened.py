"""Tables opened for programs that read files themselves."""

from collections.abc import Callable

import pyarrow as pa
import pytest

from boathouse.catalog import Catalog, Privilege
from boathouse.foundation.errors import Denied, InvalidInput, NotFound
from boathouse.foundation.names import TableName
from boathouse.lake import VersionNotFound
from boathouse.session import Session


@pytest.fixture
def shop(session: Session) -> Session:
    session.write_table("dev.shop.orders", pa.table({"id": [1]}), mode="error")
    session.write_table("dev.shop.orders", pa.table({"id": [2]}))
    session.write_table("dev.shop.parts", pa.table({"id": [3]}), mode="error")
    return session


def test_tables_come_in_the_order_asked_each_at_its_version(shop: Session) -> None:
    names = ["dev.shop.parts", TableName("dev", "shop", "orders"), "dev.shop.parts"]
    opened = shop.open_tables(names, {"dev.shop.orders": 0})
    assert [(str(each.name), each.snapshot.version) for each in opened] == [
        ("dev.shop.parts", 0), ("dev.shop.orders", 0), ("dev.shop.parts", 0)]  # fmt: skip
    assert opened[1].table.storage_location == opened[1].snapshot.location
    assert shop.open_tables(["dev.shop.orders"])[0].snapshot.version == 1


def test_opening_is_recorded_once_with_versions(shop: Session, catalog: Catalog) -> None:
    shop.open_tables(["dev.shop.orders", "dev.shop.parts"], {"dev.shop.orders": 0})
    edges = [each.edge for each in catalog.lineage.edges(shop.principal)[:2]]
    sources = [edge.source for edge in edges if edge.source is not None]
    assert {(source.name, source.version) for source in sources} == {("dev.shop.orders", 0), ("dev.shop.parts", 0)}
    assert {edge.operation for edge in edges} == {"READ"}
    assert len({edge.statement_id for edge in edges}) == 1


def test_who_may_not_read_one_of_them_opens_none(
    shop: Session, session_of: Callable[..., Session], catalog: Catalog
) -> None:
    ann = session_of("ann", Privilege.MODIFY)
    before = len(catalog.lineage.edges(shop.principal))
    with pytest.raises(Denied, match=r"SELECT on table dev\.shop\.orders is missing"):
        ann.open_tables(["dev.shop.orders", "dev.shop.parts"])
    assert len(catalog.lineage.edges(shop.principal)) == before


def test_what_has_no_files_is_refused_by_name(shop: Session) -> None:
    shop.sql("CREATE VIEW dev.shop.recent AS SELECT * FROM dev.shop.orders")
    with pytest.raises(InvalidInput, match=r"dev\.shop\.recent is a view"):
        shop.open_tables(["dev.shop.recent"])
    with pytest.raises(InvalidInput, match=r"system\.access\.audit is a system table"):
        shop.open_tables(["system.access.audit"])


def test_a_table_or_version_that_is_not_there_is_named(shop: Session) -> None:
    with pytest.raises(NotFound, match=r"dev\.shop\.order was not found"):
        shop.open_tables(["dev.shop.order"])
    with pytest.raises(VersionNotFound, match=r"[Tt]able dev\.shop\.orders has no version 7"):
        shop.open_tables(["dev.shop.orders"], {"dev.shop.orders": 7})
