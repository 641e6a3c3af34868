"""Files of the standard: read with their lines, refused whole, ignored fields told."""

import pytest

from boathouse.catalog.contract_rules import OnViolation
from boathouse.foundation.errors import InvalidInput
from boathouse.quality.contracts.nouns import Kind, Threshold
from boathouse.quality.contracts.reading import read_contract


def test_a_contract_says_columns_rules_times_and_who_answers(orders):
    found = read_contract(orders)

    assert (found.id, found.version, found.object_name, found.owner) == ("orders", "1.0.0", "orders", "ada")
    assert [each.name for each in found.columns] == ["id", "price", "state", "day"]
    assert {each.name: each.on_violation for each in found.row_rules} == {
        "id is there": OnViolation.QUARANTINE,
        "price is there": OnViolation.QUARANTINE,
        "price minimum": OnViolation.QUARANTINE,
        "state: invalidValues": OnViolation.REFUSE,
    }
    assert [(each.kind, each.seconds, each.column) for each in found.slas] == [
        (Kind.FRESHNESS, 172_800.0, "day"),
        (Kind.RETENTION, 31_556_952.0, "day"),
    ]
    kinds = {each.name: each.kind for each in found.terms}
    assert kinds["one row per id"] is Kind.MEASURE
    assert kinds["nothing from tomorrow"] is Kind.QUERY


def test_the_contract_can_say_what_becomes_of_rows(with_quality, with_column):
    whole = read_contract(with_quality(customProperties=[{"property": "onViolation", "value": "refuse"}]))
    rule = {"type": "custom", "engine": "boathouse", "implementation": "price < 100", "name": "cheap",
            "customProperties": [{"property": "onViolation", "value": "keep"}]}  # fmt: skip
    one = read_contract(with_quality(rule))

    assert {each.name: each.on_violation for each in whole.row_rules}["price minimum"] is OnViolation.REFUSE
    assert {each.name: each.on_violation for each in one.row_rules}["cheap"] is OnViolation.KEEP


def test_what_nothing_comes_of_is_told(with_quality):
    found = read_contract(
        with_quality(
            {"type": "text", "description": "Looks fine"},
            {"type": "custom", "engine": "soda", "implementation": "checks: []", "name": "by soda"},
            price={"priceAmount": 9.95},
            slaProperties=[{"property": "availability", "value": 99}],
        )
    )

    assert found.ignored == (
        "price",
        "slaProperties.availability",
        "quality 'Looks fine' (a text for people)",
        "quality 'by soda' (for soda)",
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: b", "holds no data contract"),
        ("kind: DataContract", "schema: a table is needed"),
        ("kind: DataContract\nid: x\nversion: 1.0.0\napiVersion: v2.2.0\nschema: [{name: a}]", "v2.2.0 is not read"),
        ("kind: DataContract\nid: x\nversion: 1.0.0\napiVersion: v3.1.0\nschemas: []", "Extra inputs"),
        ("kind: DataContract\nid: x\nversion: 1.0.0\napiVersion: v3.1.0\nschema: orders", "valid list"),
        (
            (
                "kind: DataContract\nid: x\nversion: 1.0.0\napiVersion: v3.1.0\n"
                "schema: [{name: a, properties: [{name: c}, {name: C}]}]"
            ),
            "stands here for the second time",
        ),
    ],
)
def test_what_is_no_contract_is_refused(text, told):
    with pytest.raises(InvalidInput, match=told):
        read_contract(text)


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"type": "library", "metric": "rowsCount", "mustBe": 0}, "there is no metric 'rowsCount'"),
        ({"type": "library", "metric": "rowCount"}, "has none"),
        ({"type": "library", "metric": "rowCount", "mustBe": 1, "mustBeLessThan": 3}, "has 2"),
        ({"type": "library", "metric": "nullValues", "mustBe": 0}, "is about a column"),
        ({"type": "library", "metric": "duplicateValues", "mustBe": 0}, "duplicates of what"),
        ({"type": "library", "metric": "rowCount", "mustBe": "many"}, "is no number"),
        ({"type": "sql", "mustBe": 0}, "has no query"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused_with_its_line(with_quality, rule, told):
    with pytest.raises(InvalidInput, match=told) as refused:
        read_contract(with_quality(rule), "orders.yaml")

    assert "orders.yaml:" in refused.value.message


def test_the_table_is_found_in_a_contract_of_several(orders):
    text = orders.replace("schema:\n", "schema:\n  - {name: lines, properties: [{name: line}]}\n")

    assert read_contract(text, table="prod.shop.orders").object_name == "orders"
    with pytest.raises(InvalidInput, match="has the tables lines, orders"):
        read_contract(text)
    with pytest.raises(InvalidInput, match="says nothing of"):
        read_contract(text, table="prod.shop.order")


@pytest.mark.parametrize(
    ("threshold", "good", "bad"),
    [
        (Threshold("mustBe", 3), [3, 3.0], [2, None]),
        (Threshold("mustNotBe", 3), [2], [3, None]),
        (Threshold("mustBeGreaterThan", 3), [4], [3]),
        (Threshold("mustBeGreaterOrEqualTo", 3), [3], [2]),
        (Threshold("mustBeLessThan", 3), [2], [3]),
        (Threshold("mustBeLessOrEqualTo", 3), [3], [4]),
        (Threshold("mustBeBetween", [1, 3]), [1, 3], [0, 4]),
        (Threshold("mustNotBeBetween", [1, 3]), [0, 4], [1, 3]),
    ],
)
def test_thresholds_hold_as_the_standard_says(threshold, good, bad):
    assert all(threshold.holds(each) for each in good)
    assert not any(threshold.holds(each) for each in bad)
