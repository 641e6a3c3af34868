"""Publishing over a real Boathouse: the registry over HTTP, the command line, tasks of a job, Redis."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner

from boathouse.cli.features import features
from boathouse.features import FeatureEngineeringClient
from boathouse.features.online import stores
from boathouse.features.online.publishing import publishing
from boathouse.features.online.verifying import verify
from boathouse.foundation.errors import AlreadyExists, Conflict, NotFound
from boathouse.session import Session
from boathouse.testing.local import LocalBoathouse

pytestmark = pytest.mark.server


@pytest.fixture
def run(boathouse: LocalBoathouse, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    def invoke(*arguments: str) -> tuple[int, str]:
        for key, value in boathouse.environment().items():
            monkeypatch.setenv(key, value)
        result = CliRunner().invoke(features, list(arguments), standalone_mode=False)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return int(result.return_value or 0), result.stdout

    return invoke


@pytest.fixture
def table(fe: FeatureEngineeringClient, schema: str) -> str:
    name = f"{schema}.users"
    fe.create_table(name=name, primary_keys="id", df=pa.table({"id": [1, 2, 3], "x": [1.0, 2.0, None]}))
    return name


def spoil(session: Session, online_table: str) -> None:
    """Change what readers see behind the back of the publisher."""
    store = stores.opened_store(session, "default")
    found = store.table(online_table)
    assert found is not None
    with store.begin(online_table, found.schema, keep=True) as writer:
        writer.delete(pa.table({"id": [1]}))
        writer.commit(found.meta)


def test_the_command_publishes_verifies_and_takes_away(
    run: Callable[..., tuple[int, str]], table: str, session: Session
) -> None:
    online = f"{table}_online"
    code, text = run("publish", table)
    assert code == 0
    assert f"as {online} in default, since nothing was published before: 3 key(s) written, 3 there." in text
    done = json.loads(run("publish", table, "-o", "json")[1])
    assert (done["mode"], done["keys"], done["written"]) == ("TRIGGERED", 3, 0)
    code, text = run("verify", online)
    assert (code, "matches" in text) == (0, True)
    assert online in run("show", table)[1]
    spoil(session, online)
    code, text = run("verify", online)
    assert (code, "1 key(s) missing online" in text) == (1, True)
    found = json.loads(run("verify", online, "-o", "json")[1])
    assert (found["matches"], found["missing"], found["examples"][0]["key"]) == (False, 1, {"id": 1})
    with pytest.raises(Conflict, match="published as"):
        session.sql(f"DROP TABLE {table}")
    assert "not published any more" in run("unpublish", online)[1]
    session.sql(f"DROP TABLE {table}")


def test_stores_are_listed_made_and_forgotten(run: Callable[..., tuple[int, str]], table: str) -> None:
    name = f"near{abs(hash(table)) % 10**6}"
    run("online-stores", "create", name)
    listed = json.loads(run("online-stores", "list", "-o", "json")[1])
    assert {"default", name} <= {each["name"] for each in listed}
    with pytest.raises(AlreadyExists):
        run("online-stores", "create", name)
    run("publish", table, "--store", name, "--online-table", f"{table}_near", "--feature", "x")
    with pytest.raises(Conflict, match="holds"):
        run("online-stores", "delete", name)
    run("unpublish", f"{table}_near")
    run("online-stores", "delete", name)
    with pytest.raises(NotFound):
        run("online-stores", "delete", name)


def environment(boathouse: LocalBoathouse) -> dict[str, str]:
    return {**os.environ, **boathouse.environment()}


def test_tasks_publish_and_verify(boathouse: LocalBoathouse, table: str, session: Session, tmp_path: Path) -> None:
    """As the worker calls the entry points of a wheel."""
    program = tmp_path / "task.py"
    program.write_text(
        "import sys\nfrom boathouse.features import tasks\nname = sys.argv.pop(1)\ngetattr(tasks, name)()\n"
    )

    def task(name: str, *named: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(program), name, *named]
        return subprocess.run(command, env=environment(boathouse), capture_output=True, text=True, check=False)

    done = task("publish_features", f"--table={table}", "--mode=SNAPSHOT", "--features=x")
    assert done.returncode == 0, done.stderr
    assert "3 key(s) written" in done.stdout
    assert task("verify_features", f"--online_table={table}_online").returncode == 0
    spoil(session, f"{table}_online")
    failed = task("verify_features", f"--online_table={table}_online", "--sample=3")
    assert failed.returncode == 1
    assert "1 key(s) missing" in failed.stdout


def test_continuous_publishing_ends_at_a_signal_and_starts_again(
    boathouse: LocalBoathouse, table: str, fe: FeatureEngineeringClient, session: Session
) -> None:
    online = f"{table}_online"
    command = [sys.executable, "-m", "boathouse", "features", "publish", table, "--mode", "continuous"]
    for start in (10, 20):
        process = subprocess.Popen(
            command, env=environment(boathouse), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            for key in (start, start + 1):
                report = fe.write_table(name=table, df=pa.table({"id": [key], "x": [float(key)]}))
                until(lambda version=report.version: published_version(session, online) == version)
            process.send_signal(signal.SIGTERM)
            out, error = process.communicate(timeout=60)
        finally:
            process.kill()
        assert process.returncode == 0, error
        assert "what has changed" in out
        assert verify(session, online).matches


def published_version(session: Session, online_table: str) -> int | None:
    try:
        known = stores.registry_of(session).publication(session.principal, online_table)
    except NotFound:
        return None
    return known.published_version


def until(holds: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.1)


def test_a_publication_is_told_over_http(fe: FeatureEngineeringClient, table: str, session: Session) -> None:
    done = fe.publish_table(source_table_name=table, features=["x"])
    known = stores.registry_of(session).publications(session.principal, table)
    assert [(each.online_table, each.published_version, each.keys, each.features) for each in known] == [
        (done.online_table, done.published_version, 3, ("x",))
    ]
    publishing.unpublish(session, done.online_table)
    assert stores.registry_of(session).publications(session.principal, table) == []
