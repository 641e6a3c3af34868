"""A table held against its contract: one pass, clear answers whatever is wrong, and the others unharmed."""

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest

from boathouse.foundation.errors import NotFound
from boathouse.quality.contracts.asking import told_of
from boathouse.quality.contracts.checking import check, query_about
from boathouse.quality.contracts.nouns import Kind
from boathouse.quality.contracts.reading import read_contract

DAY = date(2013, 2, 28)
GOOD = {"id": 1, "price": 5.0, "state": "new", "day": DAY}
NAME = "dev.shop.orders"


def held(house, text, **options):
    return check(house.session, NAME, read_contract(text), house.clock, **options)


def broken(report):
    return {each.rule: each.value for each in report.broken}


def test_a_table_that_is_as_promised_holds(house, orders):
    house.write("orders", [GOOD, {**GOOD, "id": 2, "state": None}])

    report = held(house, orders)

    assert report.broken == ()
    assert report.warnings == ()
    assert (report.rows, report.table_version) == (2, 0)
    assert next(iter(told_of(report))) == "2 rows of dev.shop.orders, version 0: the contract holds (orders 1.0.0)"


def test_everything_that_is_broken_is_told_with_its_figure(house, orders):
    rows = [GOOD, GOOD, {**GOOD, "id": None}, {**GOOD, "id": 3, "price": -1.0}, {**GOOD, "id": 4, "state": "lost"},
            {**GOOD, "id": 5, "day": date(2013, 4, 1)}, {**GOOD, "id": 6, "day": date(2009, 1, 1)}]  # fmt: skip
    house.write("orders", rows)

    report = held(house, orders)

    assert broken(report) == {
        "one row per id": 1.0,
        "id is there": 1.0,
        "price minimum": 1.0,
        "state: invalidValues": 1.0,
        "retention": pytest.approx((date(2013, 3, 1) - date(2009, 1, 1)).total_seconds()),
    }
    assert [each.rule for each in report.warnings] == ["nothing from tomorrow"]


def test_a_table_without_rows_has_no_fresh_value(house, orders):
    empty = pa.schema([("id", pa.int64()), ("price", pa.float64()), ("state", pa.string()), ("day", pa.date32())])
    house.write("orders", empty.empty_table())

    assert set(broken(held(house, orders))) == {"has rows", "freshness"}


def test_freshness_follows_the_clock(house, orders):
    house.write("orders", [GOOD])
    house.clock.advance(timedelta(days=3))

    assert set(broken(held(house, orders))) == {"freshness"}


def test_without_an_element_the_last_commit_is_what_is_fresh(house, with_quality):
    text = with_quality(slaProperties=[{"property": "freshness", "value": 1, "unit": "h"}])
    house.write("orders", [GOOD])
    late = check(house.session, NAME, read_contract(text), _At(datetime.now(UTC) + timedelta(days=1)))

    assert set(broken(held(house, text))) == set()
    assert set(broken(late)) == {"freshness"}


class _At:
    def __init__(self, moment):
        self._moment = moment

    def now(self):
        return self._moment


def test_a_column_that_is_gone_or_of_another_type_leaves_the_others_judged(house, orders):
    rows = pa.table({"id": [1, 1], "prices": [1.0, 2.0], "state": [1, 2], "day": [DAY, DAY]})
    house.write("orders", rows)

    report = held(house, orders)

    told = {each.rule: each.message for each in report.broken}
    assert told["price is a column"] == "The column price is not there. Did you mean prices?"
    assert "state is bigint, but the logical type string is promised" in told["state has its type"]
    assert "could not be asked" in told["price minimum"]
    assert "one row per id" in told
    assert [each.rule for each in report.warnings] == ["prices is promised"]


def test_a_rule_that_cannot_be_asked_does_not_hold_and_the_others_are_asked(house, with_quality):
    house.write("orders", [GOOD, {**GOOD, "id": 2, "price": -1.0}])
    report = held(
        house,
        with_quality(
            {"type": "custom", "engine": "boathouse", "implementation": "no_such(price) > 1", "name": "odd"},
            {"type": "sql", "query": "SELECT count(*) FROM dev.shop.nowhere", "mustBe": 0, "name": "elsewhere"},
            {"type": "sql", "query": "SELECT id, price FROM orders", "mustBe": 0, "name": "two values"},
            {"type": "sql", "query": "DROP TABLE dev.shop.orders", "mustBe": 0, "name": "no query"},
        ),
    )

    told = {each.rule: each.message for each in report.broken}
    assert set(told) == {"odd", "elsewhere", "two values", "no query", "price minimum"}
    assert all("could not be asked" in told[name] for name in ("odd", "elsewhere", "two values", "no query"))
    assert len(house.rows("orders")) == 2


@pytest.mark.parametrize(
    ("rule", "is_good"),
    [
        ({"metric": "duplicateValues", "arguments": {"properties": ["state", "day"]}, "mustBeLessThan": 2}, True),
        ({"metric": "duplicateValues", "arguments": {"properties": ["state", "day"]}, "mustBe": 0}, False),
        ({"metric": "rowCount", "mustBeBetween": [1, 3]}, True),
        ({"metric": "rowCount", "mustNotBeBetween": [1, 3]}, False),
        ({"rule": "duplicateCount", "arguments": {"properties": ["id"]}, "mustBe": 0}, True),
    ],
)
def test_the_standards_metrics_of_a_table(house, with_quality, rule, is_good):
    house.write("orders", [GOOD, {**GOOD, "id": 2}])

    report = held(house, with_quality({"type": "library", "name": "it", **rule}))

    assert next(each for each in report.findings if each.rule == "it").is_good is is_good


@pytest.mark.parametrize(
    ("rule", "figure"),
    [
        ({"metric": "nullValues", "mustBeLessThan": 1}, 1.0),
        ({"metric": "nullValues", "mustBeLessThan": 5, "unit": "percent"}, 25.0),
        ({"metric": "missingValues", "mustBeLessThan": 1}, 2.0),
        ({"metric": "missingValues", "arguments": {"missingValues": ["", "N/A"]}, "mustBe": 0}, 2.0),
        ({"metric": "invalidValues", "arguments": {"pattern": "^n.*"}, "mustBe": 0}, 2.0),
        ({"metric": "duplicateValues", "mustBe": 1}, 0.0),
    ],
)
def test_the_standards_metrics_of_a_column(house, with_column, rule, figure):
    house.write("orders", [{**GOOD, "id": n, "state": state} for n, state in enumerate(["new", None, "", "N/A"])])

    text = with_column("state", quality=[{"type": "library", "name": "it of state", **rule}])

    assert broken(held(house, text)) == {"it of state": figure}


def test_values_are_held_to_the_options_of_their_types(house, with_column):
    house.write("orders", [{**GOOD, "id": n, "state": state} for n, state in enumerate(["new", "x", "it's", "longer"])])
    text = with_column(
        "state",
        quality=[],
        unique=True,
        enum=[{"value": "new"}, {"value": "it's"}],
        logicalTypeOptions={"minLength": 2, "maxLength": 5, "pattern": "^[a-z']+$", "format": "uuid"},
    )

    assert broken(held(house, text)) == {"state is known": 2.0, "state minLength": 1.0, "state maxLength": 1.0}


def test_a_query_may_call_the_table_as_the_contract_does():
    from boathouse.foundation.names import TableName

    name = TableName.parse("dev.shop.orders")
    for text in ("SELECT count(*) FROM ${object} AS o", "SELECT count(*) FROM orders AS o"):
        assert "dev" in query_about(text, name, "orders")
    cte = query_about("WITH orders AS (SELECT 1 AS x) SELECT count(*) FROM orders", name, "orders")
    assert "shop" not in cte


def test_a_table_is_compared_with_what_it_was(house, orders):
    rows = [{**GOOD, "id": n, "price": float(n % 10)} for n in range(100)]
    house.write("orders", rows)
    worse = [{**each, "price": 1e6 if each["id"] % 5 == 0 else None} for each in rows[:40]]
    house.write("orders", worse, mode="overwrite")

    warned = {each.rule: each for each in held(house, orders, against="0").warnings}

    assert {"rows as before", "price missing as before"} <= set(warned)
    assert warned["rows as before"].kind is Kind.COMPARED
    assert "price is there" in broken(held(house, orders))


def test_a_table_that_is_not_there_is_an_error(house, orders):
    with pytest.raises(NotFound):
        held(house, orders)
