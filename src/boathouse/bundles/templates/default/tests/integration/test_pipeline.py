"""The whole pipeline on a Boathouse of its own, started for this test on a free port."""

import json
from pathlib import Path

import pytest
from boathouse.testing import running_boathouse

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running_boathouse(tmp_path_factory.mktemp("boathouse")) as running:
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


def test_a_second_deployment_changes_nothing(server):
    boathouse(server, "bundle", "deploy", "-t", "dev")
    assert json.loads(boathouse(server, "bundle", "plan", "-t", "dev", "-o", "json"))["is_empty"]
