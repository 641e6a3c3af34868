"""Spark Connect through Sail, unmodified: its Unity Catalog client resolves our tables, with a token of ours."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from boathouse.catalog import Privilege
from boathouse.catalog.repository.records import EdgeFilter
from boathouse.foundation.names import TableName
from boathouse.lake import open_snapshot

pytestmark = pytest.mark.server

CLIENT = """
import json, sys
from pyspark.sql import SparkSession

spark = SparkSession.builder.remote(sys.argv[1]).getOrCreate()
answers = []
for statement in sys.argv[2:]:
    try:
        answers.append([list(row) for row in spark.sql(statement).collect()])
    except Exception as error:
        answers.append(str(error))
print(json.dumps(answers, default=str))
"""


@contextmanager
def sail(served, token: str) -> Iterator[str]:
    """A Sail server that shows this token to our catalog; its Spark Connect URL."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    catalog = (
        f'{{name="uc", type="unity", uri="{served.url}/api/2.1/unity-catalog", default_catalog="dev", token="{token}"}}'
    )
    environment = {**os.environ, "SAIL_CATALOG__LIST": f"[{catalog}]", "SAIL_CATALOG__DEFAULT_CATALOG": '"uc"'}
    program = str(Path(sys.executable).with_name("sail"))
    log = served.folder / f"sail-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, "spark", "server", "--ip", "127.0.0.1", "--port", str(port)],
            env=environment, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        _wait_for(port, process, log)
        yield f"sc://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError(log.read_text())


def spark_sql(served, url: str, *statements: str) -> list:
    """The rows of each statement, or the text of its error; in a process of its own, as a script (never ``-c``)."""
    script = served.folder / "client.py"
    script.write_text(CLIENT)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(script), url, *statements], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_spark_reads_governed_tables(served):
    served.make_table()

    with sail(served, served.admin_token) as url:
        shown, rows, counted = spark_sql(
            served,
            url,
            "SHOW TABLES IN dev.trips",
            "SELECT id, city FROM dev.trips.rides ORDER BY id",
            "SELECT count(*) FROM trips.rides WHERE id > 1",
        )

    assert shown == [["dev.trips", "rides", False]]
    assert rows == [[1, "Kiel"], [2, "Lund"], [3, "Riga"]]
    assert counted == [[2]]
    edges = served.catalog.lineage.edges(served.admin, EdgeFilter(operation="LOCATION_GRANTED"))
    assert {edge.edge.source.name for edge in edges if edge.edge.source} == {"dev.trips.rides"}


def test_spark_creates_a_governed_table_writes_it_and_drops_it(served):
    with sail(served, served.admin_token) as url:
        _, inserted, rows, _, _, after = spark_sql(
            served,
            url,
            "CREATE TABLE dev.trips.made (id BIGINT, at TIMESTAMP, price DECIMAL(10,2)) USING delta",
            "INSERT INTO dev.trips.made VALUES (1, TIMESTAMP '2013-01-01 00:00:00', 1.5), (2, NULL, 2.5)",
            "SELECT id, price FROM dev.trips.made ORDER BY id",
            "DELETE FROM dev.trips.made WHERE id = 1",
            "INSERT INTO dev.trips.made SELECT id + 1, at, price FROM dev.trips.made",
            "SELECT id FROM dev.trips.made ORDER BY id",
        )
        made = served.catalog.securables.table(served.admin, TableName.parse("dev.trips.made"))
        _, gone = spark_sql(served, url, "DROP TABLE dev.trips.made", "SHOW TABLES IN dev.trips")

    assert inserted == [[2]]
    assert rows == [[1, "1.50"], [2, "2.50"]]
    assert after == [[2], [3]]
    assert [column.type_text for column in made.columns] == ["bigint", "timestamp", "decimal(10,2)"]
    assert open_snapshot(made.storage_location).version == 3
    assert gone == []


def test_a_reader_through_spark_needs_grants(served):
    served.make_table()
    select = "SELECT count(*) FROM dev.trips.rides"

    with sail(served, served.bob_token) as url:
        [as_stranger] = spark_sql(served, url, select)
        served.let_bob(Privilege.USE_CATALOG, Privilege.USE_SCHEMA, Privilege.BROWSE)
        [as_browser] = spark_sql(served, url, select)
        served.let_bob(Privilege.SELECT)
        [as_reader] = spark_sql(served, url, select)

    assert "not found" in as_stranger
    assert "403" in as_browser
    assert as_reader == [[3]]


def test_a_wrong_token_is_refused(served):
    with sail(served, "bhs_wrong") as url:
        [refused] = spark_sql(served, url, "SELECT 1 FROM dev.trips.rides")

    assert "401" in refused
