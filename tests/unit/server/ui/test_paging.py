"""Which page of a long list an address asks for."""

from typing import Any

import pytest

from boathouse.foundation.principals import SYSTEM
from boathouse.server.ui.parts.paging import PAGE, page_of
from boathouse.server.ui.visitor import Visitor


def visitor(text: str | None) -> Visitor:
    plane: Any = None
    return Visitor(plane, SYSTEM, "", {} if text is None else {PAGE: text})


@pytest.mark.parametrize(
    ("text", "page"), [(None, 0), ("", 0), ("2", 1), ("0", 0), ("99", 2), ("-1", 0), ("x", 0), ("9" * 400, 0)]
)
def test_a_page_that_is_not_there_is_the_nearest(text: str | None, page: int) -> None:
    assert page_of(visitor(text), total=21, per_page=10) == page


def test_nothing_has_one_page() -> None:
    assert page_of(visitor("3"), total=0, per_page=10) == 0
    assert page_of(visitor("3")) == 2
