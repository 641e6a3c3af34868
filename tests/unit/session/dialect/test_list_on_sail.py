"""The list itself is kept honest by a second engine that speaks Spark SQL: Sail answers most of it in the same way."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

pytestmark = pytest.mark.server

ENGINE = """
import json, sys
from pathlib import Path
import pyarrow as pa
from pyspark.sql import SparkSession
from pysail.spark import SparkConnectServer

server = SparkConnectServer("127.0.0.1", 0)
server.start(background=True)
spark = SparkSession.builder.remote(f"sc://127.0.0.1:{server.listening_address[1]}").create()
spark.conf.set("spark.sql.session.timeZone", "UTC")
spark.conf.set("spark.sql.ansi.enabled", "true")
folder = Path(sys.argv[1])
for place, query in enumerate(json.loads((folder / "queries.json").read_text())):
    table = spark.sql(query).toArrow()
    with pa.OSFile(str(folder / f"{place}.arrow"), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
spark.stop()
server.stop()
"""
"""In a process of its own: its client warns of the pandas that is installed."""

CASES: list[dict[str, Any]] = [
    case
    for file in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
    for case in yaml.safe_load(file.read_text())
    if "refused" not in case and "sail" not in case
]


def test_sail_answers_the_same(
    tmp_path: Path, as_answer: Callable[[pa.Table], tuple[str, Any]], as_query: Callable[[str], str]
) -> None:
    (tmp_path / "queries.json").write_text(json.dumps([as_query(case["sql"]) for case in CASES]))
    (tmp_path / "engine.py").write_text(ENGINE)
    subprocess.run([sys.executable, tmp_path / "engine.py", tmp_path], check=True, capture_output=True, timeout=300)

    answers = [
        as_answer(pa.ipc.open_file(pa.memory_map(str(tmp_path / f"{place}.arrow"))).read_all())
        for place in range(len(CASES))
    ]

    different = [(case, answer) for case, answer in zip(CASES, answers, strict=True)
                 if answer != (case["type"], case["is"])]  # fmt: skip
    assert different == []
    assert len(answers) > 700
