"""What tests of several rooms share: their order, and one real Boathouse, started when the first test asks for it."""

import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from boathouse.testing import LocalBoathouse, running_boathouse

settings.register_profile("no deadline", deadline=None)  # what is slow on a busy machine is not wrong
settings.load_profile("no deadline")


STAGES = ("unit", "acceptance", "integration")
_HERE = Path(__file__).parent


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts no servers comes first, what starts the same ones together: idle servers cost the other tests time.

    Inside a folder the order stays random. What runs the demo once more comes after what looks at the first one.
    """
    modules = {path: place for place, path in enumerate(dict.fromkeys(item.path for item in items))}

    def rank(item: pytest.Item) -> tuple[int, str, int, bool]:
        stage = item.path.relative_to(_HERE).parts[0] if item.path.is_relative_to(_HERE) else STAGES[0]
        again = item.get_closest_marker("runs_the_demo_again") is not None
        return STAGES.index(stage), str(item.path.parent), modules[item.path], again

    items.sort(key=rank)


@pytest.fixture(scope="module", autouse=True)
def mlflow_forgets_the_experiment() -> Iterator[None]:
    """The experiment that one module has set is one of its server's; the next module has another server."""
    yield
    os.environ.pop("MLFLOW_EXPERIMENT_ID", None)
    if (fluent := sys.modules.get("mlflow.tracking.fluent")) is not None:
        fluent._active_experiment_id = None


@pytest.fixture(scope="session")
def boathouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBoathouse]:
    """A running Boathouse that all tests of a process share; use names of your own in it."""
    with running_boathouse(Path(tmp_path_factory.mktemp("boathouse"))) as server:
        yield server


@pytest.fixture
def no_control_plane(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on every control plane ends with code 7 as soon as it is started."""
    folder = tmp_path / "no_control_plane"
    folder.mkdir()
    text = 'import os, sys\nif "boathouse.server" in sys.orig_argv:\n    os._exit(7)\n'
    (folder / "sitecustomize.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[], str]]:
    """A real Postgres; each call makes a database of its own in it and gives its URL."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pgserver = pytest.importorskip("pgserver")
        server = pgserver.get_server(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    names = (f"test_{number}" for number in range(1_000_000))

    def make() -> str:
        name = next(names)
        server.psql(f"CREATE DATABASE {name};")
        return server.get_uri(name)

    yield make
    server.cleanup()
