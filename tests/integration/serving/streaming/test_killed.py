"""A stream whose process is killed again and again, while rows come: its output is what a batch would give."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from tests.integration.serving.batch.registering import register_line

from boathouse.foundation.rest import Connection
from boathouse.session import Session
from boathouse.session.default import connected_session
from boathouse.testing import LocalBoathouse, running_boathouse

pytestmark = pytest.mark.server
MODEL, SOURCE, OUTPUT = "dev.flow.line", "dev.flow.events", "dev.flow.scored"
KILLS = 4


@pytest.fixture(scope="module")
def boathouse(tmp_path_factory: pytest.TempPathFactory) -> Generator[LocalBoathouse]:
    folder = Path(tmp_path_factory.mktemp("flow"))
    with running_boathouse(folder, variables={"BOATHOUSE_SERVING_WORKERS": "0"}) as server:
        server.client().post("/api/2.1/unity-catalog/schemas", {"name": "flow", "catalog_name": "dev"})
        register_line(server, MODEL)
        yield server


@pytest.fixture
def session(boathouse: LocalBoathouse) -> Session:
    return connected_session(Connection(boathouse.url, boathouse.token))


def test_each_row_is_scored_once_though_the_stream_is_killed(boathouse: LocalBoathouse, session: Session) -> None:
    choose = random.Random(5)
    session.sql(f"CREATE TABLE {SOURCE} (id BIGINT, x DOUBLE)")
    command = [sys.executable, "-m", "boathouse", "stream", "run", "late", f"{MODEL}@champion", SOURCE, OUTPUT]
    environment = {**os.environ, **boathouse.environment()}
    first = 0
    for _ in range(KILLS):
        process = subprocess.Popen(
            [*command, "--trigger", "processing_time", "--every", "1s"], env=environment, stdout=subprocess.PIPE
        )
        for _ in range(2):
            session.sql(f"INSERT INTO {SOURCE} SELECT id, id AS x FROM range({first}, {first + 200}) AS t(id)")
            first += 200
        time.sleep(choose.uniform(2.0, 8.0))
        process.kill()
        process.communicate()
    done = boathouse.run("stream", "run", "late", f"{MODEL}@champion", SOURCE, OUTPUT)
    assert done.returncode == 0, done.stderr
    again = boathouse.run("stream", "run", "late", f"{MODEL}@champion", SOURCE, OUTPUT)
    shown = boathouse.run("stream", "show", "late", SOURCE, OUTPUT)
    batch = boathouse.run("score", f"{MODEL}@champion", SOURCE, "dev.flow.batch")
    assert batch.returncode == 0, batch.stderr

    assert again.stdout == "0 rows scored.\n"
    assert shown.stdout == f"late is at version {2 * KILLS} of {SOURCE}, the newest.\n"
    columns = "id, x, prediction, model_version"
    found = session.sql(f"SELECT {columns} FROM {OUTPUT} ORDER BY id").arrow()
    assert found == session.sql(f"SELECT {columns} FROM dev.flow.batch ORDER BY id").arrow()
    assert found.num_rows == first
