"""Databricks SQL by cases: each answers here what it answers there, with the same type, or it is refused by name.

The cases stand in ``cases/``, one row each. Where they come from: Databricks' reference of SQL and, for what it leaves
open, Apache Spark's own rules. ``sail`` on a row says why Sail, the second engine that the list is tested on, is not
asked, or what it answers instead.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from boathouse.foundation.errors import InvalidInput
from boathouse.session.sql.functions import FUNCTIONS, REFUSED, SPECIAL

Answer = tuple[str, Any]
Ask = Callable[[str], Answer]
AskAll = Callable[[list[str]], list[Answer]]
CASES: dict[str, dict[str, Any]] = {
    f"{file.stem}: {case['sql']}": case
    for file in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
    for case in yaml.safe_load(file.read_text())
}
ANSWERED = {name: case for name, case in CASES.items() if "refused" not in case}
REFUSALS = {name: case for name, case in CASES.items() if "refused" in case}


TOGETHER = 40
"""Expressions per query: a query costs more than an expression."""


@pytest.fixture(scope="module")
def answers(ask_all: AskAll) -> dict[str, Answer]:
    """What we answer, by the name of the case."""
    expressions = [name for name, case in ANSWERED.items() if is_expression(case["sql"])]
    found: dict[str, Answer] = {}
    for start in range(0, len(expressions), TOGETHER):
        names = expressions[start : start + TOGETHER]
        found |= dict(zip(names, ask_all([ANSWERED[name]["sql"] for name in names]), strict=True))
    return found


def is_expression(sql: str) -> bool:
    return sql.split(maxsplit=1)[0].upper() not in ("SELECT", "WITH", "VALUES", "FROM")


@pytest.mark.parametrize("name", ANSWERED)
def test_a_case_means_what_databricks_says(answers: dict[str, Answer], ask: Ask, name: str) -> None:
    case = ANSWERED[name]
    answer = answers[name] if name in answers else ask(case["sql"])
    assert answer == (case["type"], case["is"])


@pytest.mark.parametrize("name", REFUSALS)
def test_what_has_no_answer_is_refused_by_name(ask: Ask, name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        ask(REFUSALS[name]["sql"])
    assert REFUSALS[name]["refused"] in str(caught.value)


def test_the_list_is_long() -> None:
    assert len(ANSWERED) > 1000
    assert len(REFUSALS) > 150


@pytest.mark.parametrize("name", [*FUNCTIONS, *SPECIAL, *REFUSED])
def test_every_function_is_on_the_list(name: str) -> None:
    if name == "read_files":
        return  # it reads a volume, and has tests of its own
    called = [case for case in CASES.values() if f"{name}(" in case["sql"].lower()]
    assert called, f"{name} has no case"
