"""The whole pipeline on a Boathouse of its own, started for this test on a free port."""

import json
import time
from pathlib import Path

import pytest
from boathouse.testing import running_boathouse

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("boathouse")
    with running_boathouse(folder, variables={"BOATHOUSE_SERVING_WORKERS": "1"}) as running:
        yield running


def boathouse(server, *arguments):
    done = server.run(*arguments, cwd=PROJECT)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_from_the_raw_file_to_predictions(server):
    boathouse(server, "bundle", "deploy", "-t", "dev")
    boathouse(server, "bundle", "run", "pipeline", "-t", "dev")

    resources = json.loads(boathouse(server, "bundle", "summary", "-t", "dev", "-o", "json"))["resources"]
    schema = next(one["name"] for one in resources if one["resource"] == "schemas.main")
    counted = boathouse(server, "sql", f"SELECT count(*) AS n FROM {schema}.predictions", "--format", "csv")
    assert int(counted.split()[-1]) == 413


def test_the_champion_answers(server):
    [endpoint] = json.loads(boathouse(server, "endpoint", "list", "-o", "json"))
    day = {"temperature_c": 18, "rain_mm": 0, "wind_kmh": 9, "is_holiday": 0, "weekday": 3, "month": 5}
    before = {"rides_1_day_before": 4100, "rides_7_days_before": 3900, "mean_rides_of_7_days_before": 4000}
    asked = ["endpoint", "query", endpoint["name"], "--data", json.dumps({"dataframe_records": [day | before]})]
    until = time.monotonic() + 120  # it comes alive by itself, once its model is loaded
    while (done := server.run(*asked, cwd=PROJECT)).returncode and time.monotonic() < until:
        time.sleep(0.5)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["predictions"][0] > 0


def test_a_second_deployment_changes_nothing(server):
    boathouse(server, "bundle", "deploy", "-t", "dev")
    assert json.loads(boathouse(server, "bundle", "plan", "-t", "dev", "-o", "json"))["is_empty"]
