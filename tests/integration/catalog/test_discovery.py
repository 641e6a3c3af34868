"""Search and description on the command line and over REST, against a real Boathouse."""

import json

import pytest
from click.testing import CliRunner

from boathouse.cli.describe import describe
from boathouse.cli.search import search
from boathouse.foundation.errors import NotFound
from boathouse.testing import LocalBoathouse

pytestmark = pytest.mark.server


@pytest.fixture
def cli(boathouse: LocalBoathouse, monkeypatch: pytest.MonkeyPatch):
    def run(command, *arguments: str) -> str:
        for key, value in boathouse.environment().items():
            monkeypatch.setenv(key, value)
        result = CliRunner().invoke(command, list(arguments))
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.stdout

    return run


@pytest.fixture(scope="module")
def harbour(boathouse: LocalBoathouse) -> LocalBoathouse:
    """Two tables, a job and a model."""
    for statement in (
        "CREATE SCHEMA dev.harbour",
        "CREATE TABLE dev.harbour.arrivals (ship STRING COMMENT 'Name of the vessel', delay INT) COMMENT 'Came in.'",
        "INSERT INTO dev.harbour.arrivals VALUES ('Anna', 3), ('Berta', 4)",
        "CREATE TABLE dev.harbour.late AS SELECT ship, delay AS minutes FROM dev.harbour.arrivals WHERE delay > 3",
    ):
        done = boathouse.run("sql", statement)
        assert done.returncode == 0, done.stderr
    client = boathouse.client()
    script = boathouse.home.root.parent / "count.py"
    script.write_text("print('counted')")
    task = {"task_key": "count", "spark_python_task": {"python_file": str(script)}}
    client.post("/api/2.2/jobs/create", {"name": "harbour count", "tasks": [task]})
    client.post("/api/2.0/mlflow/registered-models/create", {"name": "dev.harbour.pilot"})
    return boathouse


def test_search_finds_by_words_and_narrows_down(cli, harbour) -> None:
    assert cli(search, "vessel").splitlines()[0].startswith("dev.harbour.arrivals  table")
    found = json.loads(cli(search, "harbour", "--kind", "job", "--kind", "model", "--json"))

    assert {hit["kind"] for hit in found} == {"job"} or {hit["full_name"] for hit in found} >= {"dev.harbour.pilot"}
    assert "Nothing" not in cli(search, "--owner", found[0]["owner"], "--kind", "schema")


def test_a_table_is_described_on_the_command_line(cli, harbour) -> None:
    text = cli(describe, "dev.harbour.late")

    assert "managed table" in text
    assert "1 rows" in text
    assert "dev.harbour.arrivals" in text
    assert "minutes" in text
    assert json.loads(cli(describe, "dev.harbour.arrivals", "--json"))["used_by"]["use"]["reads"] == 1


def test_a_job_and_a_model_are_described_with_what_their_rooms_know(cli, harbour) -> None:
    assert "count" in cli(describe, "harbour count")
    model = json.loads(cli(describe, "dev.harbour.pilot", "--json"))

    assert model["more"]["versions"] == []
    with pytest.raises(NotFound, match="no version or alias champion"):
        cli(describe, "dev.harbour.pilot@champion")
    with pytest.raises(NotFound, match=r"dev\.harbour\.arivals"):
        cli(describe, "dev.harbour.arivals")


def test_the_index_can_be_made_anew(cli, harbour) -> None:
    cli(search, "--rebuild")

    assert "dev.harbour.arrivals" in cli(search, "arrivals")
