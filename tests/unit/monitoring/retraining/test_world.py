"""What triggers look at: figures of metric tables as monitors write them, and rows of tables; by a person's rights."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.models.ground import Ground, new_ground
from tests.unit.monitoring.retraining.desk import day

from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.foundation.principals import Principal
from boathouse.lake import DuckDBEngine
from boathouse.monitoring.retraining.policy import Trigger
from boathouse.monitoring.retraining.triggers import LOOKS
from boathouse.monitoring.retraining.triggers.contract import Asked, MetricQuestion
from boathouse.monitoring.retraining.world import GovernedWorld
from boathouse.session import LocalLaw, Session

DRIFT = "dev.flights.answers_drift_metrics"
ROWS = """
CREATE TABLE dev.flights.answers_drift_metrics AS
SELECT named_struct('start', CAST(a AS TIMESTAMP), 'end', CAST(b AS TIMESTAMP)) AS `window`, granularity, slice_key,
  model_id, column_name, drift_type, js, named_struct('statistic', js / 2, 'pvalue', 0.01) AS ks_test
FROM VALUES
  ('2026-03-01', '2026-03-02', '1 day', NULL, '*', 'temp', 'BASELINE', 0.1),
  ('2026-03-02', '2026-03-03', '1 day', NULL, '*', 'temp', 'BASELINE', 0.4),
  ('2026-03-02', '2026-03-03', '1 day', NULL, '*', 'temp', 'CONSECUTIVE', 0.9),
  ('2026-03-02', '2026-03-03', '1 day', 'origin', '*', 'temp', 'BASELINE', 0.8),
  ('2026-03-02', '2026-03-03', '1 day', NULL, '7', 'temp', 'BASELINE', 0.7),
  ('2026-03-02', '2026-03-03', '1 day', NULL, '*', 'wind', 'BASELINE', CAST(NULL AS DOUBLE))
  AS t(a, b, granularity, slice_key, model_id, column_name, drift_type, js)
"""


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    with new_ground(tmp_path) as made:
        yield made


@pytest.fixture
def world(ground: Ground) -> GovernedWorld:
    law, engine = LocalLaw(ground.catalog), DuckDBEngine()

    def session_of(principal: Principal) -> Session:
        return Session(principal, law, engine)

    return GovernedWorld(ground.catalog, session_of, lambda _: None)


def session(ground: Ground) -> Session:
    return Session(ground.ada, LocalLaw(ground.catalog), DuckDBEngine())


def question(**said: object) -> MetricQuestion:
    given = {"metric": "js", "column": None, "against": None, "granularity": None, "model_id": None, "until": None}
    place = {"table": "dev.flights.answers", "is_drift": True, "metric_table": None}
    return MetricQuestion(**{**place, **given, **said})  # type: ignore[arg-type]


def test_figures_are_those_of_all_rows_and_all_versions_newest_first(ground: Ground, world: GovernedWorld) -> None:
    session(ground).sql(ROWS)

    found = world.figures(ground.ada, question(against="BASELINE"))
    assert sorted((each.column, each.window_end, each.value or 0) for each in found) == [
        ("temp", epoch_ms(day(2)), 0.1),
        ("temp", epoch_ms(day(3)), 0.4),
        ("wind", epoch_ms(day(3)), 0),
    ]
    assert found[0].window_end == epoch_ms(day(3))
    assert len(world.figures(ground.ada, question())) == 4
    assert [each.value for each in world.figures(ground.ada, question(column="TEMP", until=epoch_ms(day(2))))] == [0.1]
    assert [each.value for each in world.figures(ground.ada, question(model_id="7"))] == [0.7]
    nested = world.figures(ground.ada, question(metric="KS_TEST.statistic", column="temp", against="CONSECUTIVE"))
    assert [each.value for each in nested] == [0.45]


def test_a_metric_that_is_not_there_is_named_with_what_there_is(ground: Ground, world: GovernedWorld) -> None:
    session(ground).sql(ROWS)
    with pytest.raises(InvalidInput, match=r"has no column jss\. Did you mean js"):
        world.figures(ground.ada, question(metric="jss"))
    with pytest.raises(NotFound):
        world.figures(ground.ada, question(metric_table="dev.flights.nothing"))
    with pytest.raises(NotFound):
        world.figures(ground.person("sam", privilege=None), question())


def asked(ground: Ground, world: GovernedWorld, said: dict[str, object], **more: object) -> Asked:
    trigger = Trigger.model_validate(said)
    return Asked("dev.flights.delay", "t", trigger.settings, ground.ada, world, 0, **more)  # type: ignore[arg-type]


def test_new_rows_ask_and_what_was_there_before_does_not(ground: Ground, world: GovernedWorld) -> None:
    session(ground).sql("CREATE TABLE dev.flights.rides AS SELECT 1 AS id")
    said: dict[str, object] = {"table_update": {"table": "dev.flights.rides"}}
    look = LOOKS[Trigger.model_validate(said).kind]
    first = look(asked(ground, world, said))
    assert first.signals == ()
    session(ground).sql("INSERT INTO dev.flights.rides VALUES (2)")
    then = look(asked(ground, world, said, memory=first.memory))
    assert [each.figures["version"] for each in then.signals] == [1]
    assert look(asked(ground, world, said, memory=then.memory)).signals == ()

    session(ground).sql("DROP TABLE dev.flights.rides")
    with pytest.raises(NotFound):
        look(asked(ground, world, said, memory=then.memory))
    session(ground).sql("CREATE TABLE dev.flights.rides AS SELECT 1 AS id")
    assert len(look(asked(ground, world, said, memory=then.memory)).signals) == 1, "another table: all of it is new"


def test_so_many_more_rows_ask_until_a_training_is_started(ground: Ground, world: GovernedWorld) -> None:
    session(ground).sql("CREATE TABLE dev.flights.rides AS SELECT id FROM range(10)")
    said: dict[str, object] = {"data_volume": {"table": "dev.flights.rides", "rows": 5}}
    look = LOOKS[Trigger.model_validate(said).kind]
    first = look(asked(ground, world, said))
    session(ground).sql("INSERT INTO dev.flights.rides SELECT id FROM range(4)")
    four = look(asked(ground, world, said, memory=first.memory))
    assert (first.signals, four.signals) == ((), ())
    session(ground).sql("INSERT INTO dev.flights.rides SELECT id FROM range(3)")
    seven = look(asked(ground, world, said, memory=four.memory))
    assert [each.figures["more"] for each in seven.signals] == [7]
    assert look(asked(ground, world, said, memory=seven.memory)).signals == seven.signals
    assert look(asked(ground, world, said, memory=seven.memory, last_started=3)).signals == ()
    session(ground).sql("INSERT OVERWRITE dev.flights.rides SELECT id FROM range(2)")
    fewer = look(asked(ground, world, said, memory=seven.memory))
    assert (fewer.signals, fewer.memory["base"]) == ((), 2)
