"""A filter takes exactly the events that it says."""

import fnmatch
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.event_filter import EventFilter, matches, problems_of_filter
from boathouse.foundation.shapes import fit

letters = st.text(alphabet="ab*.", max_size=8)


@given(letters, st.text(alphabet="ab.", max_size=10))
def test_a_star_is_any_text(pattern: str, text: str) -> None:
    assert matches(pattern, text) == bool(re.fullmatch(fnmatch.translate(pattern), text))


def test_a_pattern_with_many_stars_is_no_work() -> None:
    assert not matches("*a" * 200 + "b", "a" * 10_000)


@pytest.mark.parametrize(
    ("said", "is_taken"),
    [
        ({"types": ["*"]}, True),
        ({"types": ["model_version_alias.*"], "subject": "PROD.flights.*"}, True),
        ({"types": ["model_version.*", "run.failed"]}, False),
        ({"types": ["*"], "fields": {"alias": "champion", "version": 3}}, True),
        ({"types": ["*"], "fields": {"alias": ["staging", "champ*"]}}, True),
        ({"types": ["*"], "fields": {"alias": "staging"}}, False),
        ({"types": ["*"], "fields": {"nothing": ""}}, True),
        ({"types": ["*"], "fields": {"is_new": True}}, True),
        ({"types": ["*", "!model_version_alias.*"]}, False),
        ({"types": ["!run.failed"]}, True),
        ({"types": ["*"], "subject": "!prod.*"}, False),
        ({"types": ["*"], "fields": {"alias": ["!staging", "!dev*"]}}, True),
        ({"types": ["*"], "fields": {"alias": ["ch*", "!champion"]}}, False),
    ],
)
def test_everything_that_is_said_has_to_be_true(said: dict, is_taken: bool) -> None:
    wanted = fit(EventFilter, said, what="The filter")
    data = {"alias": "champion", "version": 3, "is_new": True}
    assert wanted.takes("model_version_alias.moved", "prod.flights.delay", data) is is_taken


def test_a_type_that_no_event_has_is_told() -> None:
    wanted = fit(EventFilter, {"types": ["run.*", "gate.faild"]}, what="The filter")
    (problem,) = problems_of_filter(wanted, ["run.failed", "gate.failed"], ("trigger",))
    assert (
        str(problem)
        == "trigger.types[1]: no event is of the type 'gate.faild'. Did you mean gate.failed or run.failed?"
    )


def test_what_is_not_wanted_has_to_be_there_too() -> None:
    wanted = fit(EventFilter, {"types": ["!run.*", "!gte.*"]}, what="The filter")
    (problem,) = problems_of_filter(wanted, ["run.failed", "gate.failed"])
    assert problem.path == ("types", 1)


def test_a_filter_without_types_is_none() -> None:
    with pytest.raises(InvalidInput, match="types"):
        fit(EventFilter, {"types": []}, what="The filter")
