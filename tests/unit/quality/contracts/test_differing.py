"""What changes from one contract to the next, and whom it concerns; and first contracts."""

import pytest
import yaml

from boathouse.quality.contracts.checking import check
from boathouse.quality.contracts.differing import Effect, differences
from boathouse.quality.contracts.inferring import infer
from boathouse.quality.contracts.reading import read_contract
from boathouse.quality.contracts.schema_terms import logical_type_of, type_problem


def effects(before, after):
    return {each.what: each.effect for each in differences(read_contract(before), read_contract(after))}


def test_a_contract_differs_in_nothing_from_itself(orders):
    assert effects(orders, orders) == {}


@pytest.mark.parametrize(
    ("column", "change", "told", "effect"),
    [
        ("price", {"required": False}, "price may be missing now.", Effect.BREAKING),
        ("state", {"required": True}, "state must be there now.", Effect.STRICTER),
        ("state", {"logicalType": "integer"}, "The type of state has changed: string became integer.", Effect.BREAKING),
        ("amount", {"logicalType": "number"}, "The column amount is new.", Effect.STRICTER),
        ("id", {"primaryKey": False}, "id does not belong to the key any more.", Effect.BREAKING),
        ("state", {"quality": []}, "The rule 'state: invalidValues' is gone.", Effect.WEAKER),
        ("state", {"unique": True}, "The rule 'state is unique' is new: it must be 0.", Effect.STRICTER),
        ("day", {"description": "When"}, "day is described otherwise.", Effect.TOLD),
    ],
)
def test_changes_of_columns(orders, with_column, column, change, told, effect):
    assert effects(orders, with_column(column, **change))[told] is effect


def test_a_column_that_is_gone_breaks_and_takes_its_rules_along(orders):
    document = yaml.safe_load(orders)
    document["schema"][0]["properties"] = [
        each for each in document["schema"][0]["properties"] if each["name"] != "state"
    ]

    assert effects(orders, yaml.safe_dump(document)) == {"The column state is gone.": Effect.BREAKING}


def test_times_owners_and_versions(orders):
    document = yaml.safe_load(orders)
    document["slaProperties"] = [{"property": "freshness", "value": 3, "unit": "days", "element": "orders.day"}]
    document["version"] = "2.0.0"
    document["team"] = {"members": [{"username": "eve", "role": "owner"}]}

    assert effects(orders, yaml.safe_dump(document)) == {
        "The freshness of day is 72 h, 48 h before.": Effect.WEAKER,
        "The retention of day is promised no more.": Effect.WEAKER,
        "The owner is eve, ada before.": Effect.TOLD,
        "The version is 2.0.0, 1.0.0 before.": Effect.TOLD,
    }


@pytest.mark.parametrize(
    ("given", "actual", "fits"),
    [
        ({"physical_type": "INTEGER"}, "int", True),
        ({"physical_type": "decimal(10, 2)"}, "decimal(10,2)", True),
        ({"physical_type": "decimal(10,2)"}, "decimal(12,2)", False),
        ({"physical_type": "decimal"}, "decimal(12,2)", True),
        ({"physical_type": "bigint"}, "int", False),
        ({"logical_type": "number"}, "decimal(12,2)", True),
        ({"logical_type": "integer"}, "double", False),
        ({"logical_type": "object"}, "struct<a:int>", True),
        ({"logical_type": "date"}, "timestamp", True),
        ({}, "string", True),
    ],
)
def test_types_hold_what_is_promised(given, actual, fits):
    from boathouse.quality.contracts.nouns import ContractColumn

    assert (type_problem(ContractColumn("c", **given), actual) is None) is fits


@pytest.mark.parametrize(
    ("actual", "logical"),
    [("bigint", "integer"), ("double", "number"), ("decimal(3,1)", "number"), ("date", "date"),
     ("timestamp", "timestamp"),
     ("array<int>", "array"), ("struct<a:int>", "object"), ("map<string,int>", "object"), ("string", "string")],
)  # fmt: skip
def test_types_have_a_logical_name(actual, logical):
    assert logical_type_of(actual) == logical


def test_a_first_contract_holds_for_its_table(house):
    states, notes = ("new", "paid"), ("x", None, None)
    house.write("orders", [{"id": n, "state": states[n % 2], "note": notes[n % 3]} for n in range(200)])

    text = infer(house.session, "dev.shop.orders", house.clock)

    found = read_contract(text)
    columns = {each.name: each for each in found.columns}
    assert columns["id"].required
    assert not columns["note"].required
    assert columns["state"].enum == ("new", "paid")
    assert check(house.session, "dev.shop.orders", found, house.clock).broken == ()
    assert house.attach("orders", text)[0].revision == 1
