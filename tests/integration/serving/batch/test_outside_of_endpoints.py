"""Tables scored from the command line and by tasks, into all kinds of outputs, and ai_query."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from tests.integration.serving.batch.registering import register_line

from boathouse.testing import LocalBoathouse, running_boathouse

pytestmark = pytest.mark.server
MODEL = "dev.scored.line"


@pytest.fixture(scope="module")
def boathouse(tmp_path_factory: pytest.TempPathFactory) -> Generator[LocalBoathouse]:
    folder = Path(tmp_path_factory.mktemp("scored"))
    with running_boathouse(folder, variables={"BOATHOUSE_SERVING_WORKERS": "0"}) as server:
        client = server.client()
        client.post("/api/2.1/unity-catalog/schemas", {"name": "scored", "catalog_name": "dev"})
        register_line(server, MODEL)
        config = {"served_entities": [{"name": "line", "entity_name": MODEL, "entity_version": "champion"}]}
        client.post("/api/2.0/serving-endpoints", {"name": "line", "config": config})
        for text in (
            "CREATE TABLE dev.scored.rows AS SELECT id, id AS x FROM range(0, 1000) AS t(id)",
            "CREATE VOLUME dev.scored.files",
        ):
            sql(server, text)
        yield server


def sql(boathouse: LocalBoathouse, text: str) -> list[str]:
    return run(boathouse, "sql", "--format", "csv", "--max-rows", "100000", text).split()


def run(boathouse: LocalBoathouse, *arguments: str) -> str:
    done = boathouse.run(*arguments)
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


def test_a_query_is_scored_into_a_table_with_its_lineage(boathouse: LocalBoathouse) -> None:
    said = run(boathouse, "score", f"{MODEL}@champion", "SELECT * FROM dev.scored.rows WHERE id < 10", "dev.scored.ten")

    assert said == f"10 rows scored with {MODEL}@1 into dev.scored.ten, version 1.\n"
    assert sql(boathouse, "SELECT round(sum(prediction), 6) AS s FROM dev.scored.ten") == ["s", "100.0"]
    assert MODEL in run(boathouse, "lineage", "dev.scored.ten")


def test_a_task_that_runs_again_writes_nothing(boathouse: LocalBoathouse, tmp_path: Path) -> None:
    script = tmp_path / "score_the_rows.py"
    script.write_text("from boathouse.serving.batch.tasks import score_batch\n\nscore_batch()\n")
    command = [sys.executable, str(script), "--model", f"{MODEL}@1", "--input", "dev.scored.rows", "--output",
               "dev.scored.by_task"]  # fmt: skip
    ours = {
        **os.environ, **boathouse.environment(), "BOATHOUSE_RUN_ID": "77", "BOATHOUSE_TASK_KEY": "score",
        "MLFLOW_TRACKING_URI": boathouse.url, "MLFLOW_REGISTRY_URI": boathouse.url,
        "MLFLOW_TRACKING_TOKEN": boathouse.token,
    }  # fmt: skip

    said = [subprocess.run(command, env=ours, capture_output=True, text=True, check=True).stdout for _ in range(2)]

    assert said[0].startswith("1,000 rows scored")
    assert "nothing was done" in said[1]
    assert sql(boathouse, "SELECT count(*) AS n FROM dev.scored.by_task") == ["n", "1000"]


def test_a_file_in_a_volume_can_be_read_again(boathouse: LocalBoathouse) -> None:
    run(boathouse, "score", f"{MODEL}@champion", "dev.scored.rows", "/Volumes/dev/scored/files/rows.parquet")

    found = sql(boathouse, "SELECT count(*) AS n FROM read_files('/Volumes/dev/scored/files/rows.parquet')")
    assert found == ["n", "1000"]


def test_rows_go_into_postgres_by_key_with_a_password_from_a_secret(
    boathouse: LocalBoathouse, postgres: Callable[[], str]
) -> None:
    import sqlalchemy as sa

    url = sa.make_url(postgres()).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP ROLE IF EXISTS boat"))
        connection.execute(sa.text("CREATE ROLE boat LOGIN PASSWORD 'sesame/9' SUPERUSER"))
    client = boathouse.client()
    client.post("/api/2.0/secrets/scopes/create", {"scope": "lab"})
    client.post("/api/2.0/secrets/put", {"scope": "lab", "key": "warehouse", "string_value": "sesame/9"})
    shown = url.set(username="boat", password="PASSWORD").render_as_string(hide_password=False)
    output = shown.replace("PASSWORD", "{{secrets/lab/warehouse}}")
    score = ("score", f"{MODEL}@champion", "dev.scored.rows", output, "--table", "late", "--key", "id")

    first = run(boathouse, *score, "--mode", "merge")
    run(boathouse, *score, "--mode", "merge")

    with engine.connect() as connection:
        found = connection.execute(sa.text("SELECT count(*), round(sum(prediction)) FROM late")).one()
    engine.dispose()
    assert tuple(found) == (1000, 1000000)
    assert "sesame" not in first
    assert "boat:***@" in first


def test_ai_query_asks_what_the_endpoint_asks(boathouse: LocalBoathouse) -> None:
    text = "SELECT id, ai_query('line', struct(x)) AS p FROM dev.scored.rows WHERE id < 3 ORDER BY id"

    assert sql(boathouse, text) == ["id,p", "0,1.0", "1,3.0", "2,5.0"]


def test_ai_query_answers_statements_over_rest(boathouse: LocalBoathouse) -> None:
    for text, rows in (
        ("SELECT id FROM dev.scored.rows WHERE ai_query('line', struct(x)) = 3.0", [["1"]]),
        ("SELECT id, ai_query('line', struct(x)) AS p FROM dev.scored.rows WHERE id < 2 ORDER BY id",
         [["0", "1.0"], ["1", "3.0"]]),
    ):  # fmt: skip
        told = boathouse.client().post("/api/2.0/sql/statements", {"statement": text, "wait_timeout": "50s"})
        while told["status"]["state"] in ("PENDING", "RUNNING"):
            time.sleep(0.5)
            told = boathouse.client().get(f"/api/2.0/sql/statements/{told['statement_id']}")
        assert told["status"]["state"] == "SUCCEEDED", told
        assert told["result"]["data_array"] == rows


def test_who_may_not_ask_the_endpoint_gets_no_answer_by_ai_query(boathouse: LocalBoathouse) -> None:
    client = boathouse.client()
    client.post("/api/boathouse/v1/principals", {"kind": "service_principal", "name": "eve"})
    token = client.post("/api/2.0/token-management/on-behalf-of/tokens", {"application_id": "eve"})["token_value"]
    done = subprocess.run(
        [sys.executable, "-m", "boathouse", "sql", "SELECT ai_query('line', 1.0) AS p"],
        env={**os.environ, **boathouse.environment(token)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in (3, 4)
    assert "no endpoint line" in done.stderr or "may not" in done.stderr
