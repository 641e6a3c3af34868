"""Errors keep their category on the wire."""

import pytest

from boathouse.foundation.errors import CATEGORIES, BoathouseError, category_of, did_you_mean
from boathouse.server.errors import STATUSES


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_category_survives_the_wire(category: type[BoathouseError]) -> None:
    assert category_of(category.error_code) is category


def test_every_category_has_a_status() -> None:
    assert set(STATUSES) == set(CATEGORIES)


def test_a_strangers_code_becomes_the_base_error() -> None:
    assert category_of("SOMETHING_ELSE") is BoathouseError


def test_a_suggestion_is_made_only_when_something_is_close() -> None:
    assert did_you_mean("ordrs", ["orders", "lines"]) == "Did you mean orders?"
    assert did_you_mean("zzz", ["orders", "lines"]) is None
