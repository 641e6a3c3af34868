"""Tags of columns: who may set them, how they are found, and that they go where their column goes."""

import json
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boathouse.catalog import Column, Privilege
from boathouse.catalog.column_tags import carried, tags_of, with_tags
from boathouse.catalog.search.finding import Question
from boathouse.foundation.errors import Denied, NotFound
from boathouse.foundation.names import TableName

RIDES = TableName.parse("dev.trips.rides")


def column(name: str, position: int = 0, id: int | None = None) -> Column:
    metadata = {} if id is None else {"delta.columnMapping.id": id, "delta.columnMapping.physicalName": f"col-{id}"}
    described = {"name": name, "type": "string", "nullable": True, "metadata": metadata}
    return Column(name, "string", "STRING", json.dumps(described), position)


def columns(*names: str) -> tuple[Column, ...]:
    return tuple(column(name, position) for position, name in enumerate(names))


def tags(law, name: TableName = RIDES) -> dict[str, dict[str, str]]:
    return tags_of(law.catalog.securables.table(law.admin, name).columns)


def test_tags_of_columns_come_change_and_go(law) -> None:
    law.make_table(columns=columns("Mail", "phone"))
    securables = law.catalog.securables
    securables.set_column_tags(law.admin, RIDES, "mail", {"pii": "email", "checked": ""})
    securables.set_column_tags(law.admin, RIDES, "phone", {"pii": "phone"})
    assert tags(law) == {"Mail": {"pii": "email", "checked": ""}, "phone": {"pii": "phone"}}
    securables.set_column_tags(law.admin, RIDES, "MAIL", {"pii": "mail"}, remove=["checked"])
    securables.set_column_tags(law.admin, RIDES, "phone", {}, remove=["pii", "never"])
    assert tags(law) == {"Mail": {"pii": "mail"}}
    with pytest.raises(NotFound, match=r"dev\.trips\.rides has no column fone") as wrong:
        securables.set_column_tags(law.admin, RIDES, "fone", {"pii": "x"})
    assert "phone" in str(wrong.value)
    event = law.catalog.audit.events(limit=10)
    assert {each.action for each in event} >= {"updateColumnTags"}


def test_one_needs_the_right_to_tag(law) -> None:
    law.make_table(columns=columns("mail"))
    law.let("bob", Privilege.USE_CATALOG, Privilege.USE_SCHEMA, Privilege.SELECT, Privilege.MODIFY)
    with pytest.raises(Denied):
        law.catalog.securables.set_column_tags(law.bob, RIDES, "mail", {"pii": "email"})
    law.let("bob", Privilege.APPLY_TAG, on="dev.trips")
    law.catalog.securables.set_column_tags(law.bob, RIDES, "mail", {"pii": "email"})
    assert tags(law) == {"mail": {"pii": "email"}}


def test_a_table_is_found_by_the_tags_of_its_columns(law) -> None:
    law.make_table(columns=columns("mail"))
    law.make_table("dev.trips.others", columns=columns("mail"))

    def found(*wanted: str, text: str = "") -> list[str]:
        hits = law.catalog.search.find(law.admin, Question(text, tags=wanted))
        return [hit.securable.full_name for hit in hits]

    law.catalog.securables.set_column_tags(law.admin, RIDES, "mail", {"PII": "secret address"})
    assert found("pii") == found("pii=secret address") == found(text="secret address") == ["dev.trips.rides"]
    law.catalog.securables.refresh_columns(law.admin, RIDES, columns("other"))
    assert found("pii") == []


def test_a_changed_table_keeps_the_tags_of_the_columns_that_it_keeps(law) -> None:
    law.make_table(columns=columns("mail", "phone"))
    securables = law.catalog.securables
    securables.set_column_tags(law.admin, RIDES, "mail", {"pii": "email"})
    securables.set_column_tags(law.admin, RIDES, "phone", {"pii": "phone"})
    securables.refresh_columns(law.admin, RIDES, columns("new", "MAIL"))
    assert tags(law) == {"MAIL": {"pii": "email"}}
    securables.refresh_columns(law.admin, RIDES, columns("mail", "phone"))
    assert tags(law) == {"mail": {"pii": "email"}}  # what was gone comes back as something new


def test_a_replaced_table_hands_down_the_tags_of_its_columns(law) -> None:
    law.make_table(columns=columns("mail", "phone"))
    law.catalog.securables.set_column_tags(law.admin, RIDES, "mail", {"pii": "email"})
    new = law.make_table(columns=columns("day", "mail"), replace=True)
    assert tags_of(new.columns) == tags(law) == {"mail": {"pii": "email"}}


def test_a_table_made_again_has_no_tags_of_the_one_that_was_dropped(law) -> None:
    old = law.make_table(columns=columns("mail"))
    law.catalog.securables.set_column_tags(law.admin, RIDES, "mail", {"pii": "email"})
    law.catalog.securables.drop(law.admin, old.securable.kind, str(RIDES))
    law.make_table(columns=columns("mail"))
    assert tags(law) == {}


def test_tags_make_no_other_column(law) -> None:
    tagged = with_tags(columns("mail"), {"mail": {"pii": "email"}})
    assert tagged == columns("mail")
    assert tagged[0].tags == {"pii": "email"}


@dataclass(frozen=True)
class Step:
    """One change of a table that numbers its columns, as the log would have it."""

    kind: str
    at: int
    name: str


steps = st.lists(
    st.builds(Step, st.sampled_from(["add", "drop", "rename"]), st.integers(0, 9), st.sampled_from("abcd")), max_size=12
)


@given(steps)
def test_tags_follow_a_numbered_column_whatever_it_is_called(changes: list[Step]) -> None:
    """The truth is the tag by number; names are given away and taken again."""
    table = [column("a", id=1), column("b", id=2)]
    truth = {1: {"tag": "1"}, 2: {"tag": "2"}}
    stored = list(with_tags(table, {"a": truth[1], "b": truth[2]}))
    numbers, newest = [1, 2], 2
    for step in changes:
        names = [each.name for each in table]
        if step.kind == "add" and step.name not in names:
            newest += 1
            numbers.append(newest)
            table.append(column(step.name, id=newest))
        elif step.kind == "drop" and table:
            at = step.at % len(table)
            del table[at], numbers[at]
        elif step.kind == "rename" and table and step.name not in names:
            at = step.at % len(table)
            table[at] = column(step.name, id=numbers[at])
        stored = list(carried(stored, table))
    expected = {number: truth[number] for number in numbers if number in truth}
    assert {number: each.tags for number, each in zip(numbers, stored, strict=True) if each.tags} == expected


@given(st.lists(st.sampled_from("abcdEF"), unique=True), st.lists(st.sampled_from("abcdef"), unique=True))
def test_without_numbers_the_name_decides(old: list[str], new: list[str]) -> None:
    before = [replace(each, tags={"was": each.name}) for each in columns(*old)]
    found = {each.name: each.tags.get("was") for each in carried(before, columns(*new))}
    lower = {name.lower(): name for name in old}
    assert found == {name: lower.get(name.lower()) for name in new}


def test_a_table_that_begins_to_number_its_columns_keeps_their_tags() -> None:
    before = with_tags(columns("a", "b"), {"a": {"pii": ""}})
    assert tags_of(carried(before, [column("a", id=1), column("b", id=2)])) == {"a": {"pii": ""}}
