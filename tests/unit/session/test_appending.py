import pyarrow as pa
import pytest

from boathouse.catalog import Catalog
from boathouse.foundation.errors import Conflict, Denied, InvalidInput, NotFound
from boathouse.foundation.principals import SYSTEM
from boathouse.lake import DuckDBEngine
from boathouse.lake.commits import Turn
from boathouse.session import LocalLaw, Session


def test_many_appends_are_authorised_once_and_bring_their_columns(session: Session, catalog: Catalog) -> None:
    session.write_table("dev.shop.orders", pa.table({"id": [1]}))
    appender = session.open_appender("dev.shop.orders")
    appender.append(pa.table({"id": [2]}))
    appender.append(pa.table({"id": [3], "price": [1.5]}))
    rows = session.table("dev.shop.orders").arrow().sort_by("id").to_pylist()
    assert rows == [{"id": 1, "price": None}, {"id": 2, "price": None}, {"id": 3, "price": 1.5}]
    assert [column.name for column in session.open_appender("dev.shop.orders").table.columns] == ["id", "price"]


def test_work_of_several_lands_once_in_its_turns(session: Session) -> None:
    session.write_table("dev.shop.orders", pa.table({"id": [1]}))
    appender = session.open_appender("dev.shop.orders")
    assert appender.taken(["a", "b"]) == {}
    appender.append(pa.table({"id": [2]}), [Turn("a", 10), Turn("b", 5)])
    assert appender.taken(["a", "b", "c"]) == {"a": 10, "b": 5}
    with pytest.raises(Conflict):
        appender.append(pa.table({"id": [3]}), [Turn("a", 11), Turn("b", 5)])
    appender.append(pa.table({"id": [4]}), [Turn("a", 1 << 40)])
    assert appender.taken(["a"]) == {"a": 1 << 40}
    assert sorted(session.table("dev.shop.orders").arrow()["id"].to_pylist()) == [1, 2, 4]


def test_only_a_table_that_one_may_write_is_opened(session: Session, catalog: Catalog) -> None:
    session.write_table("dev.shop.orders", pa.table({"id": [1]}))
    session.sql("CREATE VIEW dev.shop.seen AS SELECT * FROM dev.shop.orders")
    with pytest.raises(InvalidInput, match="view"):
        session.open_appender("dev.shop.seen")
    catalog.identities.create_user(SYSTEM, "eve")
    eve = Session(catalog.identities.principal("eve"), LocalLaw(catalog), DuckDBEngine())
    with pytest.raises((Denied, NotFound)):
        eve.open_appender("dev.shop.orders")
