"""Names: one spelling for one thing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boathouse.foundation.names import InvalidName, SchemaName, TableName, normalise_part, quote_part, split_name

letters = st.text(st.characters(categories=["Ll", "Lu", "Lo", "Nd"], include_characters="_-"), min_size=1, max_size=40)


@pytest.mark.parametrize("text", ["prod.flights.weather", "PROD.Flights.WEATHER", "`prod`.`flights`.`weather`"])
def test_case_and_backticks_do_not_make_another_table(text: str) -> None:
    assert str(TableName.parse(text)) == "prod.flights.weather"


def test_a_name_composed_and_decomposed_is_the_same_name() -> None:
    assert normalise_part("café") == normalise_part("café")


@pytest.mark.parametrize(
    "text",
    ["", "a.b", "a.b.c.d", "a..c", "a.b.", ".b.c", "a.b.c d", "a.b.o'brien", 'a.b."c"', "a.b.../etc", "a.b.c;drop",
     "a.b.`c", "a.b.`c`d", "a.b.-c", "a.b.c\x00", "a.b.\u202ec", "a.b." + "x" * 256],
)  # fmt: skip
def test_what_is_not_a_name_is_refused(text: str) -> None:
    with pytest.raises(InvalidName):
        TableName.parse(text)


def test_the_error_says_how_a_name_is_written() -> None:
    with pytest.raises(
        InvalidName, match=r"'weather' is not a valid table name: it has 1 part. Write it as catalog\.schema\.name"
    ):
        TableName.parse("weather")


@given(letters.filter(lambda text: not text.startswith("-")))
def test_a_valid_part_survives_normalising_twice_and_quoting(text: str) -> None:
    try:
        part = normalise_part(text)
    except InvalidName:
        return  # lower-casing may leave what is not a letter, such as a lone combining mark
    assert normalise_part(part) == part
    assert split_name(f"{quote_part(part)}.x") == [part, "x"]


@given(st.text(max_size=60))
def test_any_text_is_a_name_or_a_clear_error(text: str) -> None:
    try:
        name = TableName.parse(text)
    except InvalidName:
        return
    assert TableName.parse(name.quoted()) == name
    assert TableName.parse(str(name)) == name


def test_a_table_knows_its_schema_and_a_schema_its_catalog() -> None:
    name = TableName("prod", "flights", "weather")
    assert name.parent == SchemaName("prod", "flights")
    assert str(name.parent.parent) == "prod"
