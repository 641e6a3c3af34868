"""A process that dies while a version comes in or is retired leaves nothing half done, once another has started."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.server

BEGIN = """
import json, os, sys, warnings
warnings.simplefilter("ignore")
from pathlib import Path
from boathouse.foundation.home import Home
from boathouse.foundation.names import ModelName, SchemaName
from boathouse.foundation.settings import Settings
from boathouse.models.archives import importing
from boathouse.models.archives.importing import Imports
from boathouse.models.provenance import Provenance
from boathouse.models.registry import Registry
from boathouse.models.retiring.retiring import Retirements
from boathouse.wiring.control_plane import build_control_plane

folder, verb = Path(sys.argv[1]), sys.argv[2]
plane = build_control_plane(Home(folder / "home"), Settings())
models, releases = plane.models, plane.releases
admin = plane.catalog.identities.authenticate(plane.home.token()).principal
ONE, TWO = ModelName.parse("dev.lab.one"), ModelName.parse("dev.lab.two")


def die_in(owner, name):
    setattr(owner, name, lambda *_, **__: os._exit(9))


def version():
    plane.catalog.securables.create_schema(admin, SchemaName.parse("dev.lab"))
    models.create_registered_model(admin, ONE)
    stores = models.stores
    experiment = models.create_experiment(admin, "/lab")
    run = stores.tracking.create_run(experiment, "ada", 1, [], "august")
    stores.tracking.update_run_info(run.info.run_id, None, 2, None)
    place = models.files.below(run.info.artifact_uri.removeprefix("mlflow-artifacts:/") + "/model")
    place.mkdir(parents=True)
    (place / "MLmodel").write_text("flavors: {onnx: {data: model.onnx}}")
    (place / "model.onnx").write_bytes(b"weights")
    make = stores.registry.create_model_version
    source = f"{run.info.artifact_uri}/model"
    models.registry.creating_version(
        admin, ONE, lambda: make(str(ONE), source, run.info.run_id), lambda made: int(made.version), starts_job=False
    )
    (folder / "one.tar").write_bytes(b"".join(releases.exports.export(admin, ONE, 1)[1]))


def below(name):
    place = folder / "home" / name
    return sorted(each.relative_to(place).as_posix() for each in place.rglob("*") if each.is_file())


def state():
    experiments = [str(each.experiment_id) for each in models.stores.experiments()]
    return {
        "known": {str(name): models.repository.versions_of(str(name)) for name in (ONE, TWO)},
        "files": below("artifacts"),
        "archives": below("archives"),
        "retired": [each.version for each in releases.retirements.retired(admin, ONE)],
        "registered": sorted(model.name for model in models.list_registered_models(admin)),
        "runs": len(models.stores.tracking.search_runs(experiments, "", 1, max_results=100)),
    }


if verb == "begin":
    version()
elif verb == "settle":
    models.reconciliation.run()
    releases.settle()
elif verb.startswith("import:"):
    step = verb.partition(":")[2]
    if step != "none":
        owners = {"version_created": Provenance, "fill_run": importing}
        die_in(owners.get(step, Imports), step)
    releases.imports.take_in(admin, folder / "one.tar", TWO)
elif verb.startswith("retire:"):
    step = verb.partition(":")[2]
    if step != "none":
        owners = {"version_deleted": Provenance, "deleting_version": Registry}
        die_in(owners.get(step, Retirements), step)
    releases.retirements.retire(admin, ONE, 1, reason="replaced")
print(json.dumps(state()))
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("script") / "releases.py"
    file.write_text(BEGIN)
    return file


@pytest.fixture(scope="module")
def begun(script: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A home with a version and its archive, to be copied; and its state."""
    folder = tmp_path_factory.mktemp("begun")
    return folder, act(script, folder, "begin")


@pytest.fixture
def before(begun: tuple[Path, Any], tmp_path: Path) -> Any:
    """The state of that home, a copy of which lies in the test's folder."""
    shutil.copytree(begun[0], tmp_path, dirs_exist_ok=True)
    return begun[1]


def act(script: Path, folder: Path, verb: str, *, dies: bool = False) -> Any:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "MLFLOW"))}
    command = [sys.executable, "-W", "ignore", str(script), str(folder), verb]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=folder)
    assert done.returncode == (9 if dies else 0), done.stdout + done.stderr
    return None if dies else json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("step", ["fill_run", "_put_beside", "_logged_model", "_version"])
def test_an_import_that_was_cut_short_leaves_nothing(script: Path, before: Any, tmp_path: Path, step: str) -> None:
    act(script, tmp_path, f"import:{step}", dies=True)

    assert act(script, tmp_path, "settle") == before
    after = act(script, tmp_path, "import:none")
    assert (after["known"], after["runs"]) == ({"dev.lab.one": [1], "dev.lab.two": [1]}, 2)


@pytest.mark.usefixtures("before")
def test_an_import_whose_version_was_made_stays(script: Path, tmp_path: Path) -> None:
    act(script, tmp_path, "import:version_created", dies=True)

    after = act(script, tmp_path, "settle")
    assert (after["known"], after["runs"]) == ({"dev.lab.one": [1], "dev.lab.two": [1]}, 2)


def test_a_retirement_that_was_cut_short_before_the_version_was_gone_leaves_the_version(
    script: Path, before: Any, tmp_path: Path
) -> None:
    act(script, tmp_path, "retire:deleting_version", dies=True)

    assert act(script, tmp_path, "settle") == before


@pytest.mark.usefixtures("before")
@pytest.mark.parametrize("step", ["version_deleted", "_finish"])
def test_a_retirement_whose_version_is_gone_is_completed(script: Path, tmp_path: Path, step: str) -> None:
    act(script, tmp_path, f"retire:{step}", dies=True)

    after = act(script, tmp_path, "settle")
    assert (after["known"]["dev.lab.one"], after["retired"], after["files"]) == ([], [1], [])
    assert len(after["archives"]) == 1
