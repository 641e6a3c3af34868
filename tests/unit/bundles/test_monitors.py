"""Monitors of a bundle, and ``monitors`` of ``boathouse.yml``."""

from collections.abc import Callable

from .conftest import Folder

Make = Callable[..., Folder]
BUNDLE = """\
bundle: {name: flights}
resources:
  quality_monitors:
    weather:
      table_name: prod.flights.weather
      output_schema_name: prod.watched
      assets_dir: /Workspace/monitors
      time_series: {timestamp_col: time_hour, granularities: [1 hour, 1 Day]}
      slicing_exprs: [origin]
      schedule: {quartz_cron_expression: "0 0 12 * * ?", timezone_id: UTC}
targets:
  dev: {mode: development, default: true}
  prod: {}
"""


def test_a_monitor_is_read_and_sleeps_in_development(bundle: Make) -> None:
    folder = bundle(BUNDLE)
    in_dev, in_prod = (folder.payload("quality_monitors.weather", each) for each in ("dev", "prod"))
    assert in_dev["schedule"]["pause_status"] == "PAUSED" and "pause_status" not in in_prod["schedule"]
    assert in_prod["table_name"] == "prod.flights.weather"


def test_what_databricks_has_no_field_for_stands_in_boathouse_yml(bundle: Make) -> None:
    told = """\
monitors:
  weather: {recompute_days: 7}
targets:
  prod: {monitors: {weather: {recompute_days: 90}}}
"""
    folder = bundle(BUNDLE, **{"boathouse.yml": told})
    assert folder.payload("quality_monitors.weather", "dev")["boathouse"] == {"recompute_days": 7}
    assert folder.payload("quality_monitors.weather", "prod")["boathouse"] == {"recompute_days": 90}


def test_what_is_wrong_is_told_with_its_line(bundle: Make) -> None:
    wrong = BUNDLE.replace("[1 hour, 1 Day]", "[2 hours]").replace("slicing_exprs", "slicing_expr")
    problems = bundle(wrong).errors("prod")
    assert any("databricks.yml:8" in each and "'2 hours' is no granularity" in each for each in problems)
    assert any("databricks.yml:9" in each and "Did you mean slicing_exprs" in each for each in problems)
    problems = bundle(BUNDLE, **{"boathouse.yml": "monitors: {wether: {recompute_days: 7}}"}).errors("prod")
    assert any("boathouse.yml:1" in each and "Did you mean weather?" in each for each in problems)
