"""Monitors through the unmodified Databricks SDK; their refreshes are runs of real jobs."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import NotFound
from databricks.sdk.errors.base import DatabricksError
from databricks.sdk.service import dataquality as dq
from databricks.sdk.service.catalog import (
    MonitorCronSchedule,
    MonitorInferenceLog,
    MonitorInferenceLogProblemType,
    MonitorInfoStatus,
    MonitorRefreshInfo,
    MonitorRefreshInfoState,
    MonitorTimeSeries,
)

from boathouse.session import Session
from boathouse.session.default import connected_session
from boathouse.testing import LocalBoathouse

pytestmark = pytest.mark.server

JANUARY = datetime(2013, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
ENDED = (MonitorRefreshInfoState.SUCCESS, MonitorRefreshInfoState.FAILED, MonitorRefreshInfoState.CANCELED)


@pytest.fixture
def workspace(boathouse: LocalBoathouse) -> WorkspaceClient:
    return WorkspaceClient(host=boathouse.url, token=boathouse.token)


@pytest.fixture
def session(boathouse: LocalBoathouse) -> Iterator[Session]:
    from boathouse.foundation.rest import Connection

    yield connected_session(Connection(boathouse.url, boathouse.token))


@pytest.fixture
def schema(session: Session, request: pytest.FixtureRequest) -> str:
    name = f"dev.m_{abs(hash(request.node.name)) % 10**8}"
    session.sql(f"CREATE SCHEMA IF NOT EXISTS {name}")
    return name


def ended(workspace: WorkspaceClient, table: str, refresh_id: int) -> MonitorRefreshInfo:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        found = workspace.quality_monitors.get_refresh(table, refresh_id)
        if found.state in ENDED:
            return found
        time.sleep(0.3)
    raise AssertionError("The refresh does not end.")


def rows(start: datetime, values: list[float]) -> list[dict[str, Any]]:
    return [{"at": start + place * timedelta(minutes=10), "temp": each} for place, each in enumerate(values)]


def written(session: Session, table: str, values: list[dict[str, Any]]) -> str:
    import pyarrow as pa

    session.write_table(table, pa.Table.from_pylist(values))
    return table


def test_a_monitor_is_made_refreshed_changed_and_deleted(
    workspace: WorkspaceClient, session: Session, schema: str, boathouse: LocalBoathouse
) -> None:
    table = written(session, f"{schema}.weather", rows(JANUARY, [1.0] * 6 + [5.0] * 6))
    made = workspace.quality_monitors.create(
        table_name=table,
        output_schema_name=schema,
        assets_dir="/Workspace/monitors",
        time_series=MonitorTimeSeries(timestamp_col="at", granularities=["1 hour"]),
        slicing_exprs=["temp > 3"],
    )
    assert made.status is MonitorInfoStatus.MONITOR_STATUS_ACTIVE and made.monitor_version == 1
    first = (workspace.quality_monitors.list_refreshes(table).refreshes or [])[0]
    done = ended(workspace, table, first.refresh_id)
    assert done.state is MonitorRefreshInfoState.SUCCESS, done.message
    found = session.sql(
        f"SELECT window.start AS start, avg FROM {made.profile_metrics_table_name} "
        "WHERE column_name = 'temp' AND slice_key IS NULL ORDER BY 1"
    ).rows()
    assert [row["avg"] for row in found] == [1.0, 5.0]
    drift = session.sql(f"SELECT * FROM {made.drift_metrics_table_name} WHERE column_name = 'temp'").rows()
    assert {row["drift_type"] for row in drift} == {"CONSECUTIVE"}

    changed = workspace.quality_monitors.update(
        table_name=table,
        output_schema_name=schema,
        time_series=MonitorTimeSeries(timestamp_col="at", granularities=["1 hour", "1 day"]),
        schedule=MonitorCronSchedule(quartz_cron_expression="0 0 12 * * ?", timezone_id="UTC"),
    )
    assert changed.monitor_version == 2 and changed.schedule is not None
    assert changed.schedule.pause_status is not None and changed.schedule.pause_status.value == "UNPAUSED"
    again = ended(workspace, table, workspace.quality_monitors.run_refresh(table).refresh_id)
    assert again.state is MonitorRefreshInfoState.SUCCESS and "the monitor was changed" in (again.message or "")
    day = session.sql(
        f"SELECT avg FROM {made.profile_metrics_table_name} WHERE column_name = 'temp' AND granularity = '1 day'"
    ).rows()
    assert [row["avg"] for row in day] == [3.0]
    events = boathouse.client().get("/api/boathouse/v1/events", type="monitor.refreshed", subject=table)["events"]
    assert [each["data"]["refresh_id"] for each in events] == [again.refresh_id, first.refresh_id]

    workspace.quality_monitors.delete(table)
    with pytest.raises(NotFound):
        workspace.quality_monitors.get(table)
    assert session.sql(f"SELECT count(*) AS n FROM {made.profile_metrics_table_name}").rows()[0]["n"] > 0


def test_the_newer_api_shows_the_same_monitor(workspace: WorkspaceClient, session: Session, schema: str) -> None:
    table = written(session, f"{schema}.weather", rows(JANUARY, [1.0] * 6))
    table_id, schema_id = workspace.tables.get(table).table_id or "", workspace.schemas.get(schema).schema_id or ""
    hourly = dq.TimeSeriesConfig(
        timestamp_column="at", granularities=[dq.AggregationGranularity.AGGREGATION_GRANULARITY_1_HOUR]
    )
    config = dq.DataProfilingConfig(output_schema_id=schema_id, time_series=hourly, slicing_exprs=["temp > 3"])
    made = workspace.data_quality.create_monitor(dq.Monitor("table", table_id, data_profiling_config=config))
    assert made.data_profiling_config is not None
    assert made.data_profiling_config.time_series == hourly
    assert made.data_profiling_config.status is dq.DataProfilingStatus.DATA_PROFILING_STATUS_ACTIVE
    asked = workspace.data_quality.create_refresh("table", table_id, dq.Refresh("table", table_id))
    assert ended(workspace, table, asked.refresh_id or 0).state is MonitorRefreshInfoState.SUCCESS
    shown = workspace.data_quality.get_refresh("table", table_id, asked.refresh_id or 0)
    assert shown.state is dq.RefreshState.MONITOR_REFRESH_STATE_SUCCESS
    assert len(list(workspace.data_quality.list_refresh("table", table_id))) == 2
    weekly = dq.CronSchedule(quartz_cron_expression="0 0 12 ? * MON", timezone_id="UTC")
    changed = workspace.data_quality.update_monitor(
        "table",
        table_id,
        dq.Monitor("table", table_id, data_profiling_config=dq.DataProfilingConfig(schema_id, schedule=weekly)),
        update_mask="data_profiling_config.schedule",
    )
    assert changed.data_profiling_config is not None and changed.data_profiling_config.schedule is not None
    assert changed.data_profiling_config.slicing_exprs == ["temp > 3"]
    assert workspace.quality_monitors.get(table).schedule is not None
    assert any(each.object_id == table_id for each in workspace.data_quality.list_monitor())
    workspace.data_quality.delete_monitor("table", table_id)
    with pytest.raises(NotFound):
        workspace.data_quality.get_monitor("table", table_id)


def test_a_monitor_whose_columns_are_not_there_is_refused(
    workspace: WorkspaceClient, session: Session, schema: str
) -> None:
    table = written(session, f"{schema}.answers", [{"at": JANUARY, "prediction": "a", "score": "high", "model": "m"}])
    log = MonitorInferenceLog(
        problem_type=MonitorInferenceLogProblemType.PROBLEM_TYPE_REGRESSION,
        timestamp_col="when",
        granularities=["1 day"],
        prediction_col="prediction",
        model_id_col="model",
    )
    with pytest.raises(DatabricksError) as caught:
        workspace.quality_monitors.create(
            table_name=table, output_schema_name=schema, assets_dir="/", inference_log=log, slicing_exprs=["orgin"]
        )
    told = str(caught.value)
    assert "no column 'when'" in told and "prediction" in told and "orgin" in told


def test_a_refresh_whose_table_is_gone_fails_with_the_reason(
    workspace: WorkspaceClient, session: Session, schema: str, boathouse: LocalBoathouse
) -> None:
    table = written(session, f"{schema}.weather", rows(JANUARY, [1.0]))
    workspace.quality_monitors.create(
        table_name=table,
        output_schema_name=schema,
        assets_dir="/",
        time_series=MonitorTimeSeries(timestamp_col="at", granularities=["1 hour"]),
    )
    first = (workspace.quality_monitors.list_refreshes(table).refreshes or [])[0]
    ended(workspace, table, first.refresh_id)
    session.sql(f"DROP TABLE {table}")
    failed = ended(workspace, table, workspace.quality_monitors.run_refresh(table).refresh_id)
    assert failed.state is MonitorRefreshInfoState.FAILED and "weather" in (failed.message or "")
    events = boathouse.client().get("/api/boathouse/v1/events", type="monitor.failed", subject=table)["events"]
    assert len(events) == 1
    assert workspace.quality_monitors.get(table).status is MonitorInfoStatus.MONITOR_STATUS_ERROR


def test_the_command_line_makes_refreshes_pauses_and_deletes(
    session: Session, schema: str, boathouse: LocalBoathouse, tmp_path: Path
) -> None:
    table = written(session, f"{schema}.weather", rows(JANUARY, [1.0] * 6))
    file = tmp_path / "monitor.yml"
    file.write_text(
        f"output_schema_name: {schema}\n"
        "time_series: {timestamp_col: at, granularities: [1 hour]}\n"
        'schedule: {quartz_cron_expression: "0 0 12 * * ?"}\n'
        "boathouse: {recompute_days: 7}\n"
    )
    made = boathouse.run("monitor", "put", table, "--file", str(file))
    assert made.returncode == 0 and "version 1, active" in made.stdout, made.stderr
    done = boathouse.run("monitor", "refresh", table, "--start", "2013-01-01", "--end", "2013-01-02")
    assert done.returncode == 0 and "SUCCESS, 24 windows" in done.stdout, done.stdout + done.stderr
    assert boathouse.run("monitor", "pause", table).returncode == 0
    shown = boathouse.run("monitor", "show", table, "-o", "json")
    assert '"pause_status": "PAUSED"' in shown.stdout and '"recompute_days": 7' in shown.stdout
    assert table in boathouse.run("monitor", "list").stdout
    assert "MANUAL" in boathouse.run("monitor", "refreshes", table).stdout
    assert boathouse.run("monitor", "delete", table).returncode == 0
    assert boathouse.run("monitor", "show", table).returncode == 4
