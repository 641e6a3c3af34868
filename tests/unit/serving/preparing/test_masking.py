"""Which values are masked because of tags, under all names that they come by."""

from dataclasses import dataclass
from typing import Any

import pytest

from boathouse.catalog import Column, Securable, SecurableKind, Table, TableType
from boathouse.features.feature_spec import FeatureSpec, Lookup, Output
from boathouse.foundation.names import TableName
from boathouse.serving.capture import repository as inference_tables
from boathouse.serving.capture.layout import TableKind
from boathouse.serving.endpoints.nouns import EntityKind
from boathouse.serving.preparing.masking import comes_in_requests, masked_by_tag, masked_in_answers, tagged_columns
from boathouse.serving.snapshot.nouns import LiveEntity

PEOPLE = "dev.lab.people"
ENTITY = LiveEntity("1", "a", EntityKind.MODEL, "dev.lab.m", 1, None)


def table(tags: dict[str, str] | None = None, **columns: dict[str, str]) -> Table:
    """A table with tags of its own, and of its columns by name."""
    named = tuple(
        Column(name, "string", "STRING", "{}", at, tags=dict(given)) for at, (name, given) in enumerate(columns.items())
    )
    securable = Securable("1", SecurableKind.TABLE, PEOPLE, owner="ada", tags=tags or {})
    return Table(securable, TableType.MANAGED, "DELTA", "file:///nowhere", named)


@dataclass(frozen=True)
class Reader:
    tables: tuple[str, ...] = (PEOPLE,)
    spec: FeatureSpec | None = None
    entity: LiveEntity = ENTITY


@pytest.mark.parametrize(("found", "masked"), [
    (table(mail={"pii": "email"}, age={}), {"mail"}),
    (table(mail={"pii": ""}, age={"secret": "x"}, city={"PII": "x"}), {"mail", "age"}),
    (table({"pii": "age, city"}, mail={}, age={}, city={}), {"age", "city"}),
    (table({"pii": "age"}, mail={"secret": ""}, age={}, city={}), {"age", "mail"}),
    (table({"secret": "everything"}, mail={}, age={}), {"mail", "age"}),
    (table({"team": "mail"}, mail={"team": "x"}), set()),
])  # fmt: skip
def test_columns_are_masked_by_their_tags_and_by_those_of_their_table(found: Table, masked: set[str]) -> None:
    assert tagged_columns(found, ["pii", "secret"]) == masked


def test_a_tagged_column_is_masked_under_every_name_that_it_is_asked_by() -> None:
    lookup = Lookup(
        TableName.parse(PEOPLE),
        keys=(("customer_mail", "mail"), ("shop", "shop")),
        outputs=(Output("phone", "customer_phone", "string"), Output("age", "age", "int")),
    )
    other = Lookup(TableName.parse("dev.lab.shops"), (("mail_of_shop", "mail"),), (Output("phone", "shop_phone", ""),))
    people = table(mail={"pii": ""}, phone={"pii": ""}, age={}, shop={})
    found = masked_by_tag([Reader(spec=FeatureSpec((lookup, other)))], {PEOPLE: people}.get, ["pii"])
    assert found == {"mail", "customer_mail", "phone", "customer_phone"}
    assert masked_by_tag([Reader()], {PEOPLE: people}.get, ["pii"]) == {"mail", "phone"}
    assert masked_by_tag([Reader(("gone.a.b",))], {PEOPLE: people}.get, ["pii"]) == set()


def test_a_tag_counts_for_a_model_that_takes_its_column_and_for_one_of_which_that_is_not_known() -> None:
    people = {PEOPLE: table(mail={"pii": ""}, phone={"health": ""}, age={})}
    lookup = Lookup(TableName.parse(PEOPLE), (("customer_mail", "mail"),), (Output("age", "age", "int"),))
    told = Reader(spec=FeatureSpec((lookup,)))
    assert comes_in_requests([told], people.get, "pii")
    assert not comes_in_requests([told], people.get, "health")
    assert comes_in_requests([Reader()], people.get, "health")
    assert not comes_in_requests([Reader()], people.get, "team")


def test_the_table_of_predictions_says_what_is_masked_in_requests_and_answers() -> None:
    tagged = {"pii": "x"}
    predictions = table(
        requester=tagged, in_mail=tagged, in_first_name=tagged, feature_age=tagged, feature_time_city=tagged,
        out_prediction=tagged, out_label={}, in_hour={},
    )  # fmt: skip
    assert masked_in_answers(predictions, ["pii"], ["first name", "hour", "mail"]) == {
        "mail", "first name", "first_name", "age", "prediction", "predictions",
    }  # fmt: skip
    assert masked_in_answers(predictions, ["other"], []) == set()


def test_a_tag_on_the_table_of_predictions_reaches_the_snapshot(house: Any) -> None:
    house.model()
    house.version(1, alias="champion")
    shares = {"pii": 0.5, "health": 0.1, "team": 0.2}
    house.make(
        config={"auto_capture_config": {"catalog_name": "dev", "schema_name": "lab"}},
        policy={"capture": {"sample_tags": shares}},
    )
    live = house.live()
    assert (live.masked_columns, live.tagged_share) == (set(), 1.0)
    securables = house.catalog.securables
    name = TableName.parse("dev.lab.delays_predictions")
    place = securables.stage_table(house.ada, name)
    made = securables.create_table(
        house.ada, name, table_id=place.table_id, storage_location=place.storage_location,
        columns=[Column("in_mail", "string", "STRING", "{}", 0)],
    )  # fmt: skip
    key = (live.endpoint_id, TableKind.PREDICTIONS.value, live.capture.full_prefix)
    with house.database.write() as connection:
        inference_tables.put(connection, inference_tables.Kept(*key, "delays", made.securable.id, str(name), 0))
    securables.set_column_tags(house.ada, name, "in_mail", {"pii": "email"})
    assert (house.live().masked_columns, house.live().tagged_share) == ({"mail"}, 0.5)
    securables.set_column_tags(house.ada, name, "in_mail", {"pii": "email", "health": ""})
    assert house.live().tagged_share == 0.1
    securables.rename(house.ada, SecurableKind.TABLE, str(name), "renamed")
    house.make("others", policy={"capture": {"mask_columns": ["age"]}})
    assert house.live().masked_columns == {"mail"}
    assert house.live("others").masked_columns == {"age"}
