"""The list itself is kept honest by a second engine that speaks Spark SQL: Sail answers most of it in the same way."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

_SERVER = """
from pysail.spark import SparkConnectServer
server = SparkConnectServer("127.0.0.1", 0)
server.start(background=True)
print(server.listening_address[1], flush=True)
import sys
sys.stdin.read()
"""
CASES: list[dict[str, Any]] = [
    case
    for file in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
    for case in yaml.safe_load(file.read_text())
    if "refused" not in case and "sail" not in case
]


@pytest.fixture(scope="module")
def sail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from pyspark.sql import SparkSession

    script = tmp_path_factory.mktemp("sail") / "server.py"
    script.write_text(_SERVER)
    with subprocess.Popen([sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        spark = SparkSession.builder.remote(f"sc://127.0.0.1:{server.stdout.readline().strip()}").create()
        spark.conf.set("spark.sql.session.timeZone", "UTC")
        spark.conf.set("spark.sql.ansi.enabled", "true")
        yield spark
        spark.stop()
        server.terminate()


def test_sail_answers_the_same(
    sail: Any, as_answer: Callable[[pa.Table], tuple[str, Any]], as_query: Callable[[str], str]
) -> None:
    answers = {case["sql"]: as_answer(sail.sql(as_query(case["sql"])).toArrow()) for case in CASES}
    assert {sql: answer for sql, answer in answers.items() if answer not in _expected(sql)} == {}
    assert len(answers) > 700


def _expected(sql: str) -> list[tuple[str, Any]]:
    return [(case["type"], case["is"]) for case in CASES if case["sql"] == sql]
