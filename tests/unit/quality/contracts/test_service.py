"""Contracts in time: attached by who may, kept in revisions, and told when they break."""

from datetime import timedelta

import pytest

from boathouse.catalog import Privilege
from boathouse.catalog.contract_rules import write_rules_of
from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.errors import Denied, InvalidInput, NotFound
from boathouse.foundation.event_filter import EventFilter
from boathouse.foundation.names import TableName
from boathouse.quality.contracts.checking import check
from boathouse.quality.contracts.reading import read_contract

NAME = TableName.parse("dev.shop.orders")


@pytest.fixture
def shop(house):
    import pyarrow as pa

    rows = pa.table({"id": [1], "price": [5.0], "state": ["new"], "day": pa.array([None], pa.date32())})
    house.write("orders", rows)
    return house


def events(house):
    found, _ = house.catalog.events.page(house.root, EventFilter(types=["contract.broken"]), limit=100)
    return found


def test_revisions_are_kept_in_time(shop, orders, with_column):
    first = epoch_ms(shop.clock.now())
    shop.attach("orders", orders)
    shop.attach("orders", orders)
    shop.clock.advance(timedelta(hours=1))
    shop.attach("orders", with_column("state", required=True))

    revisions = shop.contracts.revisions(shop.root, NAME)

    assert [(each.revision, each.valid_to is None) for each in revisions] == [(2, True), (1, False)]
    assert shop.contracts.get(shop.root, NAME, at=first).revision == 1
    assert shop.contracts.get(shop.root, NAME).document == with_column("state", required=True)
    rules = write_rules_of(shop.catalog.securables.table(shop.root, NAME))
    assert rules is not None
    assert rules.revision == 2
    assert "state is there" in [each.name for each in rules.rules]
    with pytest.raises(NotFound):
        shop.contracts.get(shop.root, NAME, at=first - 1)


def test_what_the_table_is_not_is_refused_whole(shop, with_column, with_quality):
    with pytest.raises(InvalidInput) as refused:
        shop.attach("orders", with_column("colour", logicalType="string"))
    assert "The column colour is not there" in str(refused.value)

    with pytest.raises(InvalidInput, match="odd"):
        rule = {"type": "custom", "engine": "boathouse", "implementation": "price >", "name": "odd"}
        shop.attach("orders", with_quality(rule))
    with pytest.raises(NotFound):
        shop.contracts.get(shop.root, NAME)


def test_who_manages_attaches_and_who_reads_sees(shop, orders):
    clerk = shop.session_of("clerk", Privilege.SELECT, Privilege.MODIFY)
    with pytest.raises(Denied):
        shop.contracts.attach(clerk.principal, NAME, orders)

    shop.attach("orders", orders)

    assert shop.contracts.get(clerk.principal, NAME).contract_id == "orders"
    assert [name for name, _, _ in shop.contracts.list(clerk.principal)] == [str(NAME)]
    with pytest.raises(Denied):
        shop.contracts.detach(clerk.principal, NAME)
    stranger = shop.session_of("stranger")
    assert shop.contracts.list(stranger.principal) == []


def test_a_broken_contract_is_told_once_until_other_rules_break(shop, orders):
    revision, _ = shop.attach("orders", orders)
    contract = read_contract(orders)

    def checked():
        report = check(shop.session, NAME, contract, shop.clock)
        return shop.contracts.tell(shop.root, NAME, report.to_json())

    assert checked().is_broken  # the only day is null, so nothing is fresh
    checked()
    assert [each.data["rules"] for each in events(shop)] == [["freshness"]]

    shop.session.sql("DELETE FROM dev.shop.orders")
    checked()

    latest = max(events(shop), key=lambda each: each.sequence)
    assert set(latest.data["rules"]) == {"freshness", "has rows"}
    assert (latest.subject, latest.data["owner"], latest.data["revision"]) == (str(NAME), "ada", revision.revision)
    assert [each.is_broken for each in shop.contracts.checks(shop.root, NAME)] == [True, True, True]
    assert "freshness" in latest.data["summary"]

    shop.session.sql("INSERT INTO dev.shop.orders VALUES (1, 5.0, 'new', DATE '2013-02-28')")
    checked()
    checked()

    kept, _ = shop.catalog.events.page(shop.root, EventFilter(types=["contract.kept"]), limit=100)
    assert [each.subject for each in kept] == [str(NAME)]


def test_only_who_may_write_tells_of_checks(shop, orders):
    shop.attach("orders", orders)
    clerk = shop.session_of("clerk", Privilege.SELECT)

    with pytest.raises(Denied):
        shop.contracts.tell(clerk.principal, NAME, {"findings": []})


def test_a_table_that_was_made_anew_has_no_contract(shop, orders):
    shop.attach("orders", orders)
    shop.session.sql("DROP TABLE dev.shop.orders")
    shop.session.sql("CREATE TABLE dev.shop.orders (id BIGINT)")

    with pytest.raises(NotFound):
        shop.contracts.get(shop.root, NAME)
    assert shop.contracts.list(shop.root) == []
