"""What a column has touched: found by lineage, counted in inference tables, told to owners."""

import importlib.util
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from boathouse.catalog import LineageEdge, LineageNode, NodeKind, SecurableKind
from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.foundation.shapes import fit
from boathouse.lake import DuckDBEngine
from boathouse.monitoring.impact.behind import Figure, Figures, behind_json
from boathouse.monitoring.impact.telling import impact_lines
from boathouse.monitoring.impact.touched import Impacts, Stretch
from boathouse.monitoring.monitors import repository as monitors
from boathouse.monitoring.monitors.nouns import Monitor
from boathouse.monitoring.monitors.settings import MonitorSettings
from boathouse.serving.capture import repository as captured
from boathouse.serving.capture.layout import TableKind, schema_of

_file = Path(__file__).parents[1] / "alerts" / "conftest.py"
_spec = importlib.util.spec_from_file_location("watching", _file)
assert _spec is not None and _spec.loader is not None
watching = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(watching)

MODEL = "dev.lab.delay"
NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def engine() -> DuckDBEngine:
    return DuckDBEngine()


@pytest.fixture
def watch(tmp_path: Path, engine: DuckDBEngine) -> Iterator:
    found = watching.Watch(tmp_path, engine)
    yield found
    found.database.dispose()


def lives_on(watch) -> None:
    """A feature table of the weather, a model that takes it, an endpoint that serves the model."""
    watch.watched()
    watch.session.sql(
        "CREATE TABLE dev.lab.features AS SELECT origin, max(wind_speed) AS gust FROM dev.lab.weather GROUP BY origin"
    )
    watch.session.sql("CREATE TABLE dev.lab.temps AS SELECT origin, temp FROM dev.lab.weather")
    watch.catalog.securables.register(watch.ada, SecurableKind.REGISTERED_MODEL, MODEL)
    watch.catalog.securables.register(watch.ada, SecurableKind.ENDPOINT, "delays")
    version = LineageNode(NodeKind.MODEL_VERSION, MODEL, 1)
    watch.catalog.lineage.record(
        watch.ada,
        [
            LineageEdge(LineageNode(NodeKind.TABLE, "dev.lab.features", 0), version, "FEATURES"),
            LineageEdge(version, LineageNode(NodeKind.ENDPOINT, "delays", 1), "SERVED"),
        ],
    )


def answered(watch, hours: int, version: int, rows: int) -> None:
    """A request to the endpoint, some hours after noon."""
    import pyarrow as pa

    at = NOON + timedelta(hours=hours)
    data = [
        {"request_date": at.date(), "databricks_request_id": f"r{hours}", "row_number": row, "request_time": at,
         "endpoint_name": "delays", "model_name": MODEL, "model_version": version}
        for row in range(rows)
    ]  # fmt: skip
    schema = schema_of(TableKind.PREDICTIONS)
    watch.session.write_table("dev.lab.delays_predictions", pa.Table.from_pylist(data, schema=schema))


def is_captured(watch) -> None:
    from sqlalchemy import insert, select

    from boathouse.catalog.repository.schema import securables

    with watch.database.write() as connection:
        query = select(securables.c.id).where(securables.c.full_name == "dev.lab.delays_predictions")
        found = {
            "endpoint_id": "e1", "kind": "predictions", "target": "dev.lab.delays", "endpoint_name": "delays",
            "table_id": connection.execute(query).scalar_one(), "table_name": "dev.lab.delays_predictions",
            "created_at": 0,
        }  # fmt: skip
        connection.execute(insert(captured.inference_tables).values(**found))


def test_a_column_leads_to_features_models_endpoints_predictions_and_owners(watch) -> None:
    lives_on(watch)
    answered(watch, 0, 1, 3)
    answered(watch, 2, 1, 2)
    answered(watch, 3, 2, 9)  # by a version that does not take it
    answered(watch, 50, 1, 4)  # too late
    is_captured(watch)
    impacts = Impacts(watch.catalog, watch.session_of)
    stretch = Stretch(epoch_ms(NOON), epoch_ms(NOON + timedelta(hours=24)))
    found = impacts.of(watch.ada, "dev.lab.weather.wind_speed", stretch)
    assert {(each.kind, each.name, each.column, each.hops) for each in found.touched} == {
        ("table", "dev.lab.features", "gust", 1),
        ("model_version", MODEL, None, 2),
        ("endpoint", "delays", None, 3),
    }
    assert [(each.endpoint, each.version, each.requests, each.predictions) for each in found.answers] == [
        ("delays", 1, 2, 5)
    ]
    assert set(found.owners["ada"]) == {"table dev.lab.features", f"model version {MODEL}", "endpoint delays"}
    lines = impact_lines(found)
    assert lines[0] == f"5 predictions in 2 requests to delays, by version 1 of {MODEL}"
    assert lines[-1].startswith("To be told: ada (")


def test_what_was_made_before_the_stretch_is_told_apart(watch) -> None:
    lives_on(watch)
    after = epoch_ms(watch.clock.now() + timedelta(days=1))
    found = Impacts(watch.catalog, watch.session_of).of(watch.ada, "dev.lab.weather.wind_speed", Stretch(after))
    assert {each.is_made_since for each in found.touched} == {False}


def test_nobody_learns_of_what_they_may_not_see(watch) -> None:
    lives_on(watch)
    bob = watch.user("bob")
    watch.may_read("bob", "dev.lab.weather")
    found = Impacts(watch.catalog, watch.session_of).of(bob, "dev.lab.weather.wind_speed")
    assert (found.touched, found.answers, found.hidden) == ((), (), 1)
    with pytest.raises(NotFound):
        Impacts(watch.catalog, watch.session_of).of(watch.user("eve"), "dev.lab.weather")


def test_a_stretch_begins_before_it_ends(watch) -> None:
    with pytest.raises(InvalidInput, match="ends before it begins"):
        Stretch(5, 5)


# --- what stands behind a figure


def monitored(watch) -> None:
    settings = fit(
        MonitorSettings,
        {"output_schema_name": "dev.lab", "time_series": {"timestamp_col": "at", "granularities": ["1 day"]},
         "slicing_exprs": ["origin", "wind_speed > 10"]},
        what="The monitor",
    )  # fmt: skip
    with watch.database.write() as connection:
        monitors.insert_monitor(connection, Monitor("m", "dev.lab.weather", settings, 1, "ada", 0, 0))


def test_a_figure_leads_to_the_version_and_the_rows_that_it_was_computed_from(watch) -> None:
    watch.watched()
    monitored(watch)
    watch.session.sql(
        "INSERT INTO dev.lab.weather VALUES (1.0D, 2.0D, 'JFK', timestamp '2026-03-02 05:00'), "
        "(20.0D, 2.0D, 'LGA', timestamp '2026-03-02 06:00'), (3.0D, 2.0D, 'JFK', timestamp '2026-03-03 00:00')"
    )
    watch.measure({1: 0.0})
    watch.measure({1: 0.0}, column_name="temp", slice_key="origin", slice_value="JFK")
    watch.measure({1: 0.0}, column_name="origin", slice_key="wind_speed > 10", slice_value="true")
    figures = Figures(watch.catalog, watch.session_of)
    found = figures.behind(watch.ada, Figure("dev.lab.weather", "wind_speed"))
    assert (found.count, sorted(row["wind_speed"] for row in found.rows)) == (2, [1.0, 20.0])
    sliced = figures.behind(watch.ada, Figure("dev.lab.weather", "temp", slice_key="origin", slice_value="JFK"))
    assert [row["origin"] for row in sliced.rows] == ["JFK"]
    by_predicate = Figure("dev.lab.weather", "origin", slice_key="wind_speed > 10", slice_value="true")
    assert [row["origin"] for row in figures.behind(watch.ada, by_predicate).rows] == ["LGA"]
    assert len(watch.session.sql(found.query, found.parameters).rows()) == 2
    assert behind_json(replace(found, rows=({"x": float("nan"), "y": [float("inf"), 1.0]},)))["rows"] == [
        {"x": "nan", "y": ["inf", 1.0]}
    ]


def test_a_figure_that_there_is_not_is_said_to_be_missing(watch) -> None:
    watch.watched()
    figures = Figures(watch.catalog, watch.session_of)
    with pytest.raises(NotFound, match="has no monitor"):
        figures.behind(watch.ada, Figure("dev.lab.weather"))
    monitored(watch)
    watch.measure({1: 0.0})
    with pytest.raises(NotFound, match="have no such row"):
        figures.behind(watch.ada, Figure("dev.lab.weather", "pressure"))
