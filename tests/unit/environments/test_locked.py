"""An environment once more, as its lock says."""

from pathlib import Path

import pytest

from boathouse.environments import EnvironmentRequest, Environments
from boathouse.environments.errors import EnvironmentDiffers
from boathouse.environments.locked import packages_of, pinned_request
from boathouse.environments.platform import Platform, lock_key
from boathouse.foundation.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    found = Home(tmp_path)
    found.create()
    return found


def test_the_platforms_own_environment_is_found_by_its_key(home: Home) -> None:
    environments = Environments(home)
    before = environments.resolve(EnvironmentRequest())

    assert environments.again(EnvironmentRequest(("a-package-that-is-nowhere>=1",)), before.key) == before


def test_an_environment_whose_lock_is_gone_is_said_to_be(home: Home) -> None:
    with pytest.raises(EnvironmentDiffers, match="is gone"):
        Environments(home).again(EnvironmentRequest(), "0123456789abcdef")


def test_only_packages_that_differ_from_the_platform_are_asked_for(tmp_path: Path) -> None:
    platform = Platform()
    name, version = next(iter(packages_of(platform.lock).items()))
    base = f"{name}=={version}\nhappy==1.0 --hash=sha256:ab\nboathouse==0.0.1\n"

    asked = pinned_request(base, EnvironmentRequest(("./dist/mine.whl", "numpy>=1"), tmp_path), platform)

    assert asked == EnvironmentRequest(("happy==1.0 --hash=sha256:ab", "./dist/mine.whl"), tmp_path)


def test_a_built_environment_is_used_again_without_asking_anybody(home: Home) -> None:
    lock = Platform().lock + "happy==1.0 --hash=sha256:ab\n"
    key = lock_key(lock)
    folder = home.environments / key
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").touch()
    (folder / "lock.txt").write_text(lock)

    found = Environments(home).again(EnvironmentRequest(("happy",)), key)

    assert (found.key, found.python) == (key, folder / "bin" / "python")
