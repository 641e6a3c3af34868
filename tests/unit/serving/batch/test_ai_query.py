from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import pyarrow as pa
import pytest

from boathouse.foundation.errors import InvalidInput
from boathouse.serving.batch.ai_query import answered
from boathouse.serving.batch.models import BatchModel
from boathouse.session import Result, Session
from boathouse.session.running.models_in_queries import without_models
from boathouse.session.sql.reading import read_statement

STRUCT = "named_struct('a', a, 'b', b)"


@pytest.fixture
def rows(session: Session) -> list[tuple[int, float, float]]:
    found = [(number, number / 10, (10 - number) / 10) for number in range(10)]
    session.sql("CREATE TABLE dev.shop.rows (id BIGINT, a DOUBLE, b DOUBLE)")
    session.write_table(
        "dev.shop.rows", pa.table(dict(zip(("id", "a", "b"), map(list, zip(*found, strict=True)), strict=True)))
    )
    return found


def ask(session: Session, model: BatchModel, text: str, parameters: Mapping[str, Any] | None = None) -> Result:
    statement: Any = read_statement(text)
    return answered(session, without_models(statement.tree), text, parameters, lambda *_: nullcontext(model))


@pytest.mark.parametrize(
    "call",
    [
        f"ai_query('linear', {STRUCT})",
        "ai_query('linear', struct(a, b))",
        f"ai_query('linear', request => {STRUCT})",
        "ai_query('linear', a => a, b => b)",
        f"AI_QUERY('linear', {STRUCT}, returnType => 'DOUBLE')",
        "ai_query('linear', struct(a + 0 AS a, b))",
    ],
)
def test_each_way_to_ask_gives_what_the_model_says(
    session: Session, model: BatchModel, bare: Any, rows: list[tuple[int, float, float]], call: str
) -> None:
    found = ask(session, model, f"SELECT id, {call} AS p, id + 1 AS next FROM dev.shop.rows ORDER BY id").arrow()

    assert found.column_names == ["id", "p", "next"]
    assert found["p"].to_pylist() == bare.predict([row[1:] for row in rows]).tolist()


def test_a_struct_column_is_a_request_too(
    session: Session, model: BatchModel, bare: Any, rows: list[tuple[int, float, float]]
) -> None:
    text = f"SELECT ai_query('linear', r) AS p FROM (SELECT id, {STRUCT} AS r FROM dev.shop.rows) ORDER BY id"

    assert ask(session, model, text).arrow()["p"].to_pylist() == bare.predict([row[1:] for row in rows]).tolist()


def test_stars_conditions_and_parameters_stay_what_they_are(
    session: Session, model: BatchModel, rows: list[tuple[int, float, float]]
) -> None:
    text = "SELECT *, ai_query('linear', struct(a, b)) AS p FROM dev.shop.rows WHERE id > :least ORDER BY id LIMIT 2"

    found = ask(session, model, text, {"least": 4})

    assert found.columns == ["id", "a", "b", "p"]
    assert found.arrow()["id"].to_pylist() == [5, 6]
    assert found.arrow()["id"].to_pylist() == [5, 6]


def test_predictions_have_the_type_that_is_asked_for(
    session: Session, model: BatchModel, rows: list[tuple[int, float, float]]
) -> None:
    text = "SELECT ai_query('linear', struct(a, b), returnType => 'FLOAT') AS p FROM dev.shop.rows"

    assert ask(session, model, text).schema == pa.schema([("p", pa.float32())])


def test_no_rows_have_columns(session: Session, model: BatchModel, rows: list[tuple[int, float, float]]) -> None:
    found = ask(session, model, "SELECT ai_query('linear', struct(a, b)) AS p FROM dev.shop.rows WHERE false").arrow()

    assert found.schema == pa.schema([("p", pa.float64())])
    assert found.num_rows == 0


@pytest.mark.parametrize(
    "text",
    [
        "SELECT id FROM dev.shop.rows WHERE ai_query('linear', struct(a, b)) > 1",
        "SELECT ai_query('linear', struct(a, b)) + 1 AS p FROM dev.shop.rows",
        "SELECT p FROM (SELECT ai_query('linear', struct(a, b)) AS p FROM dev.shop.rows)",
        "SELECT ai_query('linear', struct(a, b)) AS p FROM dev.shop.rows ORDER BY p",
        "SELECT DISTINCT ai_query('linear', struct(a, b)) AS p FROM dev.shop.rows",
        "SELECT ai_query(name, struct(a, b)) AS p FROM dev.shop.rows",
        "SELECT ai_query('linear') AS p FROM dev.shop.rows",
        "SELECT ai_query('linear', struct(a, b), failOnError => false) AS p FROM dev.shop.rows",
        "SELECT ai_query('linear', a) AS p FROM dev.shop.rows",
    ],
)
def test_what_cannot_be_answered_is_said(
    session: Session, model: BatchModel, rows: list[tuple[int, float, float]], text: str
) -> None:
    with pytest.raises(InvalidInput):
        ask(session, model, text).arrow()


def test_the_server_itself_loads_no_models(session: Session, rows: list[tuple[int, float, float]]) -> None:
    with pytest.raises(InvalidInput, match="not done in the server"):
        session.sql("SELECT ai_query('linear', struct(a, b)) AS p FROM dev.shop.rows")
