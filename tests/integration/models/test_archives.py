"""A version goes from one home to another in one signed file, with its run, and answers there as it did here."""

from __future__ import annotations

import io
import json
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from boathouse.foundation.errors import Denied, InvalidInput, NotFound
from boathouse.testing import LocalBoathouse, running_boathouse

pytestmark = pytest.mark.server

TRAIN = """
import json, sys, warnings
warnings.simplefilter("ignore")
import mlflow, numpy, pandas
from sklearn.linear_model import LogisticRegression
import mlflow.pyfunc, mlflow.sklearn

name, how = sys.argv[1:]
frame = pandas.DataFrame({"a": numpy.linspace(0, 1, 200), "b": numpy.tile([0.0, 1.0], 100)})
label = (frame.a + 0.1 * frame.b > 0.5).astype(int)
with mlflow.start_run(run_name="august") as run:
    mlflow.log_params({"C": 1.0})
    for step in range(3):
        mlflow.log_metric("loss", 1.0 / (step + 1), step=step)
    mlflow.log_metric("odd", float("nan"))
    mlflow.set_tags({"team": "flights", "mlflow.note.content": "a note"})
    model = LogisticRegression().fit(frame, label)
    info = mlflow.sklearn.log_model(
        model, name="model", input_example=frame.head(2), serialization_format=how, registered_model_name=name
    )
print(json.dumps({"run_id": run.info.run_id, "version": info.registered_model_version}))
"""

PREDICT = """
import json, sys, warnings
warnings.simplefilter("ignore")
import mlflow.pyfunc, pandas

model = mlflow.pyfunc.load_model(sys.argv[1])
print(json.dumps([float(each) for each in model.predict(pandas.DataFrame({"a": [0.1, 0.9], "b": [0.0, 1.0]}))]))
"""


def python(boathouse: LocalBoathouse, folder: Path, text: str, *arguments: str) -> Any:
    import subprocess

    file = folder / "script.py"
    file.write_text(text)
    command = [sys.executable, "-W", "ignore", str(file), *arguments]
    done = subprocess.run(command, env=boathouse.environment(), capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def run(boathouse: LocalBoathouse, *arguments: str, token: str | None = None) -> str:
    done = boathouse.run(*arguments, token=token)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBoathouse]:
    """A second home, which knows nothing of the first."""
    with running_boathouse(tmp_path_factory.mktemp("other")) as server:
        server.run("sql", "CREATE SCHEMA dev.elsewhere")
        yield server


@pytest.fixture(scope="module")
def trained(boathouse: LocalBoathouse, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A version whose format needs no pickle."""
    boathouse.run("sql", "CREATE SCHEMA dev.archived")
    folder = tmp_path_factory.mktemp("trained")
    return python(boathouse, folder, TRAIN, "dev.archived.delay", "skops")


@pytest.fixture(scope="module")
def archive(boathouse: LocalBoathouse, trained: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("archive") / "delay.tar"
    run(boathouse, "model", "export", "dev.archived.delay@1", str(file))
    return file


@pytest.fixture
def trusting(boathouse: LocalBoathouse, other: LocalBoathouse) -> Iterator[None]:
    run(other, "model", "trust", "add", run(boathouse, "model", "trust", "show").strip(), "--name", "first")
    yield
    run(other, "model", "trust", "remove", "first")


def test_the_same_version_is_the_same_file(boathouse: LocalBoathouse, archive: Path, tmp_path: Path) -> None:
    run(boathouse, "model", "copy", "dev.archived.delay@1", "dev.archived.delay_elsewhere")  # where it went is not told
    run(boathouse, "model", "export", "dev.archived.delay@1", str(tmp_path / "again.tar"))

    assert (tmp_path / "again.tar").read_bytes() == archive.read_bytes()


@pytest.mark.usefixtures("trained")
def test_a_model_of_any_name_can_be_exported(boathouse: LocalBoathouse, tmp_path: Path) -> None:
    run(boathouse, "model", "copy", "dev.archived.delay@1", "dev.archived.航班")

    run(boathouse, "model", "export", "dev.archived.航班@1", str(tmp_path / "flights.tar"))

    assert json.loads(run(boathouse, "model", "inspect", str(tmp_path / "flights.tar"), "-o", "json"))["model"] == (
        "dev.archived.航班"
    )


def test_an_archive_can_be_looked_into_without_being_loaded(boathouse: LocalBoathouse, archive: Path) -> None:
    told = json.loads(run(boathouse, "model", "inspect", str(archive), "-o", "json"))

    paths = [each["path"] for each in told["files"]]
    assert (told["model"], told["version"], told["runs_code"]) == ("dev.archived.delay", 1, [])
    assert told["signer"] == "this home"
    assert {"card.html", "card.md", "facts/run.json", "facts/evidence.json", "model/MLmodel"} <= set(paths)


def test_a_signer_whom_nobody_trusts_is_refused(other: LocalBoathouse, archive: Path) -> None:
    done = other.run("model", "import", str(archive), "--as", "dev.elsewhere.untrusted")

    assert done.returncode != 0
    assert "does not trust" in done.stderr
    with pytest.raises(NotFound):
        other.client().get("/api/boathouse/v1/models/dev.elsewhere.untrusted")


@pytest.mark.usefixtures("trusting")
def test_a_version_that_came_in_answers_as_it_did_and_has_its_run(
    boathouse: LocalBoathouse, other: LocalBoathouse, archive: Path, tmp_path: Path, trained: dict[str, Any]
) -> None:
    made = json.loads(run(other, "model", "import", str(archive), "--as", "dev.elsewhere.delay", "-o", "json"))

    assert (made["model"], made["version"], made["signer"]["name"]) == ("dev.elsewhere.delay", 1, "first")
    assert made["run_id"] != trained["run_id"]
    told = other.client().get("/api/2.0/mlflow/runs/get", run_id=made["run_id"])["run"]
    tags = {each["key"]: each["value"] for each in told["data"]["tags"]}
    assert {each["key"]: each["value"] for each in told["data"]["params"]} == {"C": "1.0"}
    assert (tags["team"], tags["boathouse.imported_from"]) == ("flights", "dev.archived.delay@1")
    assert (tags["origin.mlflow.note.content"], tags["mlflow.runName"]) == ("a note", "august")
    history = other.client().get("/api/2.0/mlflow/metrics/get-history", run_id=made["run_id"], metric_key="loss")
    assert [(each["step"], each["value"]) for each in history["metrics"]] == [(0, 1.0), (1, 0.5), (2, 1 / 3)]
    before = python(boathouse, tmp_path, PREDICT, "models:/dev.archived.delay/1")
    assert python(other, tmp_path, PREDICT, "models:/dev.elsewhere.delay/1") == before
    card = run(other, "model", "card", "dev.elsewhere.delay@1")
    assert "dev.archived.delay@1" in card.replace("\\", "")


@pytest.mark.usefixtures("trusting")
def test_an_archive_that_was_changed_makes_nothing(other: LocalBoathouse, archive: Path, tmp_path: Path) -> None:
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "changed.tar").write_bytes(bytes(content))
    before = other.client().get("/api/boathouse/v1/models")

    done = other.run("model", "import", str(tmp_path / "changed.tar"), "--as", "dev.elsewhere.changed")

    assert done.returncode != 0
    assert "not what was signed" in done.stderr
    assert other.client().get("/api/boathouse/v1/models") == before
    assert left_over(other) == []


@pytest.mark.usefixtures("trained")
def test_a_tar_of_something_else_is_no_archive(boathouse: LocalBoathouse) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        member = tarfile.TarInfo("../../evil")
        member.size = 4
        tar.addfile(member, io.BytesIO(b"evil"))
    with pytest.raises(InvalidInput, match="no archive of a model"):
        boathouse.client().send(
            "POST", "/api/boathouse/v1/models/dev.archived.evil/archive", content=content.getvalue()
        )


def test_a_pickled_model_says_so_and_needs_an_administrator(
    boathouse: LocalBoathouse, trained: dict[str, Any], tmp_path: Path, new_name: Callable[[str], str]
) -> None:
    name, file = f"dev.archived.{new_name('pickled')}", tmp_path / "pickled.tar"
    python(boathouse, tmp_path, TRAIN, name, "cloudpickle")

    assert "model.pkl is pickled" in run(boathouse, "model", "export", f"{name}@1", str(file))
    refused = boathouse.run("model", "import", str(file), "--as", f"{name}_again")
    assert refused.returncode != 0
    assert "--allow-pickle" in refused.stderr
    assert "Imported" in run(boathouse, "model", "import", str(file), "--as", f"{name}_again", "--allow-pickle")


def test_who_may_not_make_versions_imports_nothing(
    boathouse: LocalBoathouse, archive: Path, new_name: Callable[[str], str]
) -> None:
    name = new_name("stranger")
    run(boathouse, "users", "create", name)
    token = run(boathouse, "tokens", "create", "--for", name).strip().split()[-1]

    client = boathouse.client(token)
    with pytest.raises((Denied, NotFound)):
        client.send("POST", "/api/boathouse/v1/models/dev.archived.stolen/archive", content=archive.read_bytes())
    with pytest.raises((Denied, NotFound)):
        client.send("GET", "/api/boathouse/v1/models/dev.archived.delay/versions/1/archive")
    with pytest.raises(Denied, match="administrators"):
        client.post(
            "/api/boathouse/v1/signers", {"key": client.get("/api/boathouse/v1/signers")["own_key"], "name": "x"}
        )


def left_over(boathouse: LocalBoathouse) -> list[str]:
    return [each.name for each in (boathouse.home.archives / ".incoming").iterdir()]
