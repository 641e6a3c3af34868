"""Monitors deployed by bundles: once is enough, tables may come later, columns are checked."""

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from boathouse.bundles.kinds import MONITORS
from boathouse.bundles.resources.monitors import BundleMonitors
from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.foundation.names import SchemaName, TableName
from boathouse.foundation.principals import SYSTEM
from boathouse.lake import DuckDBEngine
from boathouse.monitoring.monitors.nouns import MonitorStatus
from boathouse.monitoring.monitors.service import Monitors
from boathouse.session import LocalLaw, Session
from boathouse.wiring.monitors import MonitorRuns

from .conftest import Rooms

WEATHER = TableName.parse("dev.default.weather")


def monitors_of(rooms: Rooms) -> Monitors:
    rooms.catalog.securables.create_schema(SYSTEM, SchemaName("dev", "default"))
    found = Monitors(rooms.catalog, MonitorRuns(rooms.jobs, rooms.catalog), rooms.clock)
    kind = BundleMonitors(rooms.catalog, found)
    rooms.deployments.take({MONITORS: kind}, {MONITORS: kind.remarks})
    return found


def monitor(**said: Any) -> dict[str, Any]:
    return {
        "table_name": str(WEATHER),
        "output_schema_name": "dev.default",
        "assets_dir": "/Workspace/monitors",
        "time_series": {"timestamp_col": "at", "granularities": ["1 hour"]},
        **said,
    }


def made_table(rooms: Rooms) -> None:
    session = Session(rooms.ada, LocalLaw(rooms.catalog), DuckDBEngine())
    rows = [{"at": datetime(2013, 1, 1, tzinfo=UTC), "temp": 1.0, "origin": "JFK"}]
    session.write_table(WEATHER, pa.Table.from_pylist(rows))


def test_a_monitor_waits_for_its_table_and_a_second_deployment_changes_nothing(rooms: Rooms) -> None:
    monitors = monitors_of(rooms)
    desired = rooms.desired({"quality_monitors.weather": monitor(slicing_exprs=["origin"])})
    report = rooms.deployments.apply(rooms.ada, desired)
    assert "The monitor waits for it" in report.plan.warnings[0]
    assert monitors.get(rooms.ada, WEATHER).status is MonitorStatus.PENDING
    assert rooms.deployments.plan(rooms.ada, desired).is_empty

    made_table(rooms)
    assert monitors.look() == 1
    assert monitors.get(rooms.ada, WEATHER).status is MonitorStatus.ACTIVE
    plan = rooms.deployments.plan(rooms.ada, desired)
    assert plan.is_empty and not plan.warnings


def test_what_is_said_no_more_goes_and_what_changes_is_named(rooms: Rooms) -> None:
    monitors = monitors_of(rooms)
    made_table(rooms)
    daily = {"quartz_cron_expression": "0 0 12 * * ?", "timezone_id": "UTC"}
    first = rooms.desired({"quality_monitors.weather": monitor(slicing_exprs=["origin"], schedule=daily)})
    rooms.deployments.apply(rooms.ada, first)
    assert rooms.deployments.plan(rooms.ada, first).is_empty
    second = rooms.desired({"quality_monitors.weather": monitor(schedule=daily)})
    (step,) = rooms.deployments.plan(rooms.ada, second).steps
    assert [change.field for change in step.changes] == ["slicing_exprs"]
    rooms.deployments.apply(rooms.ada, second)
    assert monitors.get(rooms.ada, WEATHER).settings.slices == ()
    job = rooms.jobs.get(rooms.ada, monitors.get(rooms.ada, WEATHER).job_id or 0)
    assert job.settings.schedule is not None

    rooms.deployments.apply(rooms.ada, rooms.desired({}))
    with pytest.raises(NotFound):
        monitors.get(rooms.ada, WEATHER)
    with pytest.raises(NotFound):
        rooms.jobs.get(rooms.ada, job.job_id)


def test_a_column_that_is_not_there_is_told_with_file_and_line(rooms: Rooms) -> None:
    monitors_of(rooms)
    made_table(rooms)
    wrong = monitor(time_series={"timestamp_col": "att", "granularities": ["1 hour"]})
    with pytest.raises(InvalidInput, match=r"databricks.yml:1: .*(?s:.*)time_series.timestamp_col: .*no column 'att'"):
        rooms.deployments.plan(rooms.ada, rooms.desired({"quality_monitors.weather": wrong}))
