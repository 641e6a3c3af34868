"""A table with a contract: each write is asked, rows are refused or set aside, and nothing is half done."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import polars as pl
import pyarrow as pa
import pytest

from boathouse.catalog import Privilege, SecurableKind
from boathouse.catalog.contract_rules import WRITE_RULES
from boathouse.foundation.errors import Denied, InvalidInput
from boathouse.foundation.names import TableName
from boathouse.session import Session
from boathouse.session.running.splitting import BrokenRule

DAY = date(2013, 2, 28)
GOOD = {"id": 1, "price": 5.0, "state": "new", "day": DAY}
NAME = TableName.parse("dev.shop.orders")


@pytest.fixture
def shop(house, orders):
    """A table with a contract and one row."""
    house.write("orders", [GOOD])
    house.attach("orders", orders)
    return house


def ids(house, name="orders"):
    return [row["id"] for row in house.rows(name, "id")]


def test_an_append_sets_aside_what_breaks_a_rule(shop):
    report = shop.write("orders", [{**GOOD, "id": 2}, {**GOOD, "id": 3, "price": -1.0}, {**GOOD, "id": None}])

    assert (report.rows, report.set_aside) == (3, 2)
    assert ids(shop) == [1, 2]
    aside = shop.rows("orders_quarantine", order="price")
    assert [each["_broken_rules"] for each in aside] == [["price minimum"], ["id is there"]]
    history = shop.session.sql("DESCRIBE HISTORY dev.shop.orders").rows()
    assert aside[0]["_write_id"] in str(history[0])


def test_a_critical_rule_lets_nothing_be_written(shop):
    with pytest.raises(BrokenRule, match=r"state: invalidValues .* does not hold for 1 of the first 2"):
        shop.write("orders", [{**GOOD, "id": 2, "price": -1.0}, {**GOOD, "id": 3, "state": "lost"}])

    assert ids(shop) == [1]
    assert "orders_quarantine" not in str(shop.session.sql("SHOW TABLES IN dev.shop").rows())


def pandas_frame(rows):
    return pl.DataFrame(rows).to_pandas(use_pyarrow_extension_array=True)


@pytest.mark.parametrize("frame", [pl.DataFrame, pa.Table.from_pylist, pandas_frame])
def test_whatever_the_rows_come_in(shop, frame):
    rows = [{**GOOD, "id": 2}, {**GOOD, "id": 3, "price": -1.0}]

    shop.write("orders", frame(rows))

    assert ids(shop) == [1, 2]


def test_inserts_are_asked_and_count_what_they_wrote(shop):
    done = shop.session.sql(
        "INSERT INTO dev.shop.orders (id, price, state) VALUES (2, 1.0, 'paid'), (3, NULL, 'new'), (4, -2.0, NULL)"
    ).rows()

    assert done == [{"num_affected_rows": 1, "num_inserted_rows": 1}]
    assert ids(shop) == [1, 2]
    assert ids(shop, "orders_quarantine") == [3, 4]


def test_overwrites_are_asked_and_keep_promised_columns(shop):
    shop.write("orders", [{**GOOD, "id": 7}, {**GOOD, "id": 8, "price": -1.0}], mode="overwrite")
    assert ids(shop) == [7]

    with pytest.raises(InvalidInput, match="no column state, which the contract orders"):
        shop.write("orders", [{"id": 9, "price": 1.0, "day": DAY}], mode="overwrite", schema_mode="overwrite")
    shop.write("orders", [{**GOOD, "id": 9, "more": 1}], mode="overwrite", schema_mode="overwrite")
    assert ids(shop) == [9]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE dev.shop.orders SET price = -1.0",
        "UPDATE dev.shop.orders SET state = 'lost'",
        (
            "MERGE INTO dev.shop.orders USING (SELECT 2 AS i) AS s ON id = s.i "
            "WHEN NOT MATCHED THEN INSERT (id, price) VALUES (s.i, -1.0)"
        ),
    ],
)
def test_changes_of_rows_are_refused(shop, statement):
    with pytest.raises(InvalidInput, match=r"price minimum|state: invalidValues"):
        shop.session.sql(statement)

    assert shop.rows("orders") == [GOOD]


def test_a_merge_of_a_frame_is_refused(shop):
    for options in ({}, {"schema_mode": "merge"}):
        with pytest.raises(InvalidInput, match="price minimum"):
            shop.write("orders", [{**GOOD, "price": -1.0}], mode="merge", merge_on=["id"], **options)

    assert shop.rows("orders") == [GOOD]


def test_rows_that_keep_to_it_are_changed_and_deleted_as_ever(shop):
    shop.session.sql("UPDATE dev.shop.orders SET price = 9.0")
    shop.write("orders", [{**GOOD, "id": 2}], mode="merge", merge_on=["id"])
    shop.session.sql("DELETE FROM dev.shop.orders WHERE id = 1")

    assert ids(shop) == [2]


def test_what_was_set_aside_is_taken_back_when_the_write_fails(shop):
    shop.session.sql("ALTER TABLE dev.shop.orders ADD COLUMN size INT")
    shop.write("orders", [{**GOOD, "id": 2, "price": -1.0, "size": 1}])

    with pytest.raises(InvalidInput, match="cannot hold a value"):
        shop.write("orders", [{**GOOD, "id": 3, "price": -1.0, "size": 1}, {**GOOD, "id": 4, "size": 2**40}])

    assert ids(shop, "orders_quarantine") == [2]
    assert ids(shop) == [1]


def test_who_may_not_write_to_the_quarantine_table_loses_no_row(shop):
    clerk = shop.session_of("clerk")
    privileges = [Privilege.SELECT, Privilege.MODIFY]
    shop.catalog.grants.grant(shop.root, "clerk", privileges, SecurableKind.TABLE, str(NAME))
    clerk.write_table(str(NAME), pa.Table.from_pylist([{**GOOD, "id": 2}]))

    with pytest.raises(Denied):
        clerk.write_table(str(NAME), pa.Table.from_pylist([{**GOOD, "id": 3, "price": -1.0}]))

    assert ids(shop) == [1, 2]


def test_whoever_writes_first_the_owner_of_the_table_may_read_what_was_set_aside(shop):
    ada = shop.session_of("ada")
    shop.catalog.securables.update(shop.root, SecurableKind.TABLE, str(NAME), owner="ada")
    clerk = shop.session_of("clerk", Privilege.SELECT, Privilege.MODIFY, Privilege.CREATE_TABLE)

    clerk.write_table(str(NAME), pa.Table.from_pylist([{**GOOD, "id": 3, "price": -1.0}]))

    aside = f"{NAME}_quarantine"
    assert shop.catalog.securables.get(shop.root, SecurableKind.TABLE, aside).owner == "clerk"
    assert [row["id"] for row in ada.table(aside).rows()] == [3]
    assert shop.catalog.grants.allows(ada.principal, Privilege.MANAGE, SecurableKind.TABLE, aside)


def test_the_rules_cannot_be_taken_away_as_properties(shop):
    securables = shop.catalog.securables
    for change in ({WRITE_RULES: None}, {WRITE_RULES: "{}"}):
        with pytest.raises(InvalidInput, match="cannot be set or unset"):
            securables.set_properties(shop.root, SecurableKind.TABLE, str(NAME), change)
    securables.update(shop.root, SecurableKind.TABLE, str(NAME), properties={"team": "sales"})

    with pytest.raises(BrokenRule):
        shop.write("orders", [{**GOOD, "state": "lost"}])


def test_a_column_of_nothing_but_nulls_is_set_aside_too(shop):
    shop.write("orders", pa.table({"id": [2], "price": pa.nulls(1), "state": ["new"], "day": pa.array([DAY])}))
    shop.write("orders", [{**GOOD, "id": 3, "price": -1.0}])

    assert [(row["id"], row["price"]) for row in shop.rows("orders_quarantine", order="id")] == [(2, None), (3, -1.0)]


def test_no_rows_are_written_as_ever(shop):
    report = shop.write("orders", shop.session.table(str(NAME)).arrow().slice(0, 0))

    assert (report.rows, report.set_aside) == (0, 0)
    assert ids(shop) == [1]


def test_ten_thousand_bad_rows_make_a_short_message(shop):
    rows = pa.table({"id": range(10_000), "price": [1.0] * 10_000, "state": ["lost" * 100] * 10_000,
                     "day": pa.array([DAY] * 10_000)})  # fmt: skip

    with pytest.raises(BrokenRule, match="10000 of the first 10,000") as refused:
        shop.write("orders", rows)

    assert len(str(refused.value)) < 2_000


def test_writes_side_by_side_share_one_quarantine_table(shop):
    def write(number):
        rows = [{**GOOD, "id": 100 + number}, {**GOOD, "id": number, "price": -1.0}]
        Session(shop.root, shop.session.law, shop.session.engine).write_table(str(NAME), pa.Table.from_pylist(rows))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(2, 10)))

    assert ids(shop) == [1, *range(102, 110)]
    assert ids(shop, "orders_quarantine") == list(range(2, 10))


def test_a_process_that_dies_between_the_two_commits_leaves_rows_of_a_write_that_the_history_has_not(shop, monkeypatch):
    import boathouse.lake.tables as tables

    class Died(BaseException):
        """Like the end of a process, nothing is put right after it."""

    def dies(self):
        raise Died

    append = tables.append
    monkeypatch.setattr("boathouse.session.running.guarding._Quarantine.take_back", dies)

    def broken_off(location, data, **options):
        if "quarantine" in str(location) or "_broken_rules" in getattr(data, "schema", pa.schema([])).names:
            return append(location, data, **options)
        data.read_all()
        raise Died

    monkeypatch.setattr(tables, "append", broken_off)
    with pytest.raises(Died):
        shop.write("orders", [{**GOOD, "id": 2}, {**GOOD, "id": 3, "price": -1.0}])
    monkeypatch.undo()

    assert ids(shop) == [1]
    (aside,) = shop.rows("orders_quarantine")
    assert aside["_write_id"] not in str(shop.session.sql(f"DESCRIBE HISTORY {NAME}").rows())


def test_a_detached_contract_asks_nothing(shop):
    shop.contracts.detach(shop.root, NAME)

    shop.write("orders", [{**GOOD, "id": 2, "state": "lost"}])

    assert ids(shop) == [1, 2]


def test_a_renamed_table_keeps_its_contract(shop):
    shop.session.sql("ALTER TABLE dev.shop.orders RENAME TO dev.shop.bought")

    shop.write("bought", [{**GOOD, "id": 2, "price": -1.0}])

    assert ids(shop, "bought") == [1]
    assert ids(shop, "orders_quarantine") == [2]
    assert shop.contracts.get(shop.root, TableName.parse("dev.shop.bought")).contract_id == "orders"
