from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from boathouse.foundation.errors import InvalidInput
from boathouse.serving.batch.ai_query import EndpointsInQueries
from boathouse.serving.batch.models import BatchModel
from boathouse.session import Result, Session

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
    answers = EndpointsInQueries(lambda *_: nullcontext(model))
    return Session(session.principal, session.law, session.engine, lambda: answers).sql(text, parameters)


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


CALL = "ai_query('linear', struct(a, b))"


@pytest.mark.parametrize(("text", "expected"), [
    (f"SELECT id FROM dev.shop.rows WHERE {CALL} > 1.4 ORDER BY id", lambda p: [i for i in range(10) if p[i] > 1.4]),
    (f"SELECT {CALL} + 1 AS p FROM dev.shop.rows ORDER BY id", lambda p: [each + 1 for each in p]),
    (f"SELECT p FROM (SELECT id, {CALL} AS p FROM dev.shop.rows) ORDER BY id", lambda p: p),
    (f"WITH c AS (SELECT {CALL} AS p FROM dev.shop.rows) SELECT max(p) FROM c", lambda p: [max(p)]),
    (f"SELECT {CALL} AS p FROM dev.shop.rows ORDER BY p DESC", lambda p: sorted(p, reverse=True)),
    (f"SELECT {CALL} AS p FROM dev.shop.rows ORDER BY 1", sorted),
    (f"SELECT DISTINCT {CALL} AS p FROM dev.shop.rows ORDER BY p", lambda p: sorted(set(p))),
    (f"SELECT round({CALL}) AS p, count(*) AS n FROM dev.shop.rows GROUP BY ALL ORDER BY p",
     lambda p: sorted({float(round(each)) for each in p})),
    ("SELECT l.id FROM dev.shop.rows AS l JOIN dev.shop.rows AS r ON l.id = r.id AND "
     + CALL.replace("a, b", "l.a, r.b") + " > 1.4 ORDER BY 1", lambda p: [i for i in range(10) if p[i] > 1.4]),
    (f"SELECT CASE WHEN id < 5 THEN {CALL} END FROM dev.shop.rows ORDER BY id", lambda p: p[:5] + [None] * 5),
    (f"SELECT id FROM (SELECT id, {CALL} AS p FROM dev.shop.rows) QUALIFY row_number() OVER (ORDER BY p DESC) = 1",
     lambda p: [p.index(max(p))]),
    (f"SELECT (SELECT max({CALL}) FROM dev.shop.rows) AS p", lambda p: [max(p)]),
    (f"SELECT {CALL} FROM dev.shop.rows UNION ALL SELECT 0 ORDER BY 1", lambda p: sorted([*p, 0])),
    (f"SELECT ai_query('linear', r) > 1.4 FROM (SELECT id, {STRUCT} AS r FROM dev.shop.rows) ORDER BY id",
     lambda p: [each > 1.4 for each in p]),
    ("SELECT ai_query('linear', a => ai_query('linear', struct(a, b)), b => b) AS p FROM dev.shop.rows WHERE id = 3",
     None),
])  # fmt: skip
def test_a_model_answers_wherever_a_value_can_stand(
    session: Session, model: BatchModel, bare: Any, rows: list[tuple[int, float, float]], text: str, expected: Any
) -> None:
    said = bare.predict([row[1:] for row in rows]).tolist()
    if expected is None:
        expected = lambda p: bare.predict([[p[3], rows[3][2]]]).tolist()  # noqa: E731
    found = ask(session, model, text)
    assert found.arrow().column(0).to_pylist() == expected(said)
    assert found.arrow().num_rows == len(expected(said))


def test_the_rows_of_a_table_are_what_a_model_says(
    session: Session, model: BatchModel, bare: Any, rows: list[tuple[int, float, float]]
) -> None:
    said = bare.predict([row[1:] for row in rows]).tolist()
    ask(
        session,
        model,
        f"CREATE TABLE dev.shop.said AS SELECT id, {CALL} AS p FROM dev.shop.rows WHERE id < :n",
        {"n": 5},
    )
    ask(session, model, f"INSERT INTO dev.shop.said SELECT id, {CALL} FROM dev.shop.rows WHERE id >= 5")
    found = session.sql("SELECT p FROM dev.shop.said ORDER BY id").arrow()
    assert found.schema == pa.schema([("p", pa.float64())])
    assert found["p"].to_pylist() == said


def test_many_rows_are_asked_in_blocks_and_rows_without_values_too(session: Session, model: BatchModel) -> None:
    text = (
        f"SELECT count(p) AS n, count(*) AS all FROM (SELECT {CALL} AS p FROM (SELECT id / 1e4 AS a, "
        "CASE WHEN id % 2 = 0 THEN 0.5 END AS b FROM range(10000)))"
    )
    assert ask(session, model, text).rows() == [{"n": 10000, "all": 10000}]


def test_what_was_asked_is_in_the_lineage(
    session: Session, model: BatchModel, rows: list[tuple[int, float, float]]
) -> None:
    ask(session, model, f"SELECT id FROM dev.shop.rows WHERE {CALL} > 1").arrow()
    law: Any = session.law
    read = [each.edge.source for each in law._catalog.lineage.edges(session.principal) if each.edge.target is None]
    assert {(each.kind.value, each.name, each.version) for each in read} == {
        ("table", "dev.shop.rows", 1), ("model_version", "dev.shop.linear", 3),
    }  # fmt: skip


def test_a_model_that_looks_features_up_answers_in_the_list_only(
    session: Session, model: BatchModel, rows: list[tuple[int, float, float]]
) -> None:
    with_recipe = replace(model, features=lambda given: given.append_column("b", pa.array([0.5] * given.num_rows)))
    listed = ask(session, with_recipe, "SELECT ai_query('linear', a => a) AS p FROM dev.shop.rows")
    assert listed.arrow().num_rows == len(rows)
    with pytest.raises(InvalidInput, match="looks features up"):
        ask(session, with_recipe, "SELECT id FROM dev.shop.rows WHERE ai_query('linear', a => a) > 1")


@pytest.mark.parametrize(("text", "message"), [
    ("SELECT ai_query(name, struct(a, b)) AS p FROM dev.shop.rows", "names its endpoint by a text"),
    ("SELECT ai_query('linear') + 1 AS p FROM dev.shop.rows", "nothing to answer"),
    ("SELECT ai_query('linear', struct(a, b), failOnError => false) AS p FROM dev.shop.rows", "no failOnError here"),
    ("SELECT ai_query('linear', a) AS p FROM dev.shop.rows", "takes a, b"),
    ("SELECT 1 FROM dev.shop.rows WHERE ai_query('linear', a) > 1", "takes a, b"),
    ("SELECT ai_query('linear', a, b) AS p FROM dev.shop.rows", "takes one value, or named ones"),
    (f"SELECT 1 FROM dev.shop.rows WHERE {CALL} > c", "There is no column c"),
    (f"CREATE VIEW dev.shop.v AS SELECT {CALL} AS p FROM dev.shop.rows", "keep its answers in a table"),
    (f"UPDATE dev.shop.rows SET a = {CALL}", "keep its answers in a table"),
    (f"DELETE FROM dev.shop.rows WHERE {CALL} > 1", "keep its answers in a table"),
])  # fmt: skip
def test_what_cannot_be_answered_is_said(
    session: Session, model: BatchModel, rows: list[tuple[int, float, float]], text: str, message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        ask(session, model, text).arrow()


def test_the_control_plane_itself_loads_no_models(session: Session, rows: list[tuple[int, float, float]]) -> None:
    for text in (f"SELECT {CALL} AS p FROM dev.shop.rows", f"SELECT id FROM dev.shop.rows WHERE {CALL} > 1"):
        with pytest.raises(InvalidInput, match="the control plane does not do"):
            session.sql(text)
