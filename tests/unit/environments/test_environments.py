"""Which environment a request gets."""

import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

from boathouse.environments import EnvironmentRequest, Environments, InvalidDependency
from boathouse.environments.platform import lock_key
from boathouse.foundation.home import Home


@pytest.fixture
def environments(tmp_path: Path) -> Environments:
    home = Home(tmp_path / "home")
    home.create()
    return Environments(home)


@pytest.mark.parametrize("lines", [(), ("pandas>=2",), (f"click=={version('click')}", "Boathouse", "scikit_learn")])
def test_what_the_platform_satisfies_is_used_at_once(environments: Environments, lines: tuple[str, ...]) -> None:
    found = environments.resolve(EnvironmentRequest(lines, Path("/")))

    assert found.python == Path(sys.executable)
    assert f"pandas=={version('pandas')}\n" in found.lock
    assert found.key == lock_key(found.lock)


def test_the_lock_of_a_used_environment_can_be_read_by_its_key(environments: Environments) -> None:
    found = environments.resolve(EnvironmentRequest())

    assert environments.environment_lock(found.key) == found.lock
    assert environments.environment_lock("0" * 16) is None
    assert environments.environment_lock("../token") is None


def test_a_local_wheel_lies_beside_the_environment(environments: Environments, tmp_path: Path) -> None:
    wheel = tmp_path / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny.py", "VALUE = 1\n")
        archive.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("tiny-1.0.dist-info/RECORD", "")

    found = environments.resolve(EnvironmentRequest(("*.whl", "pandas"), tmp_path))

    assert found.python == Path(sys.executable)
    assert (found.paths[0] / "tiny.py").read_text() == "VALUE = 1\n"
    assert found.key != environments.resolve(EnvironmentRequest()).key


def test_another_boathouse_than_the_one_that_runs_cannot_be_asked_for(environments: Environments) -> None:
    with pytest.raises(InvalidDependency, match=r"asks for boathouse==99, but this is Boathouse"):
        environments.resolve(EnvironmentRequest(("boathouse==99",), Path("/")))


def test_a_broken_wheel_is_named(environments: Environments, tmp_path: Path) -> None:
    (tmp_path / "bad.whl").write_text("no zip")

    with pytest.raises(InvalidDependency, match=r"bad\.whl is not a wheel"):
        environments.resolve(EnvironmentRequest(("bad.whl",), tmp_path))
