"""Environments that differ from the platform's: built from a folder of wheels, without a network."""

import subprocess
import threading
import zipfile
from pathlib import Path

import pytest

from boathouse.environments import CannotResolve, EnvironmentRequest, Environments, NoNetwork, PythonEnvironment
from boathouse.foundation.home import Home


def make_wheel(folder: Path, name: str, version: str, *requires: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    needs = "".join(f"Requires-Dist: {each}\n" for each in requires)
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"{name}.py", f"VERSION = {version!r}\n")
        info = f"{name}-{version}.dist-info"
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return wheel


def ask(environment: PythonEnvironment, code: str, folder: Path) -> str:
    script = folder / "ask.py"
    script.write_text(code)
    return subprocess.run([environment.python, script], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that uv finds its wheels in, and nowhere else."""
    folder = tmp_path / "index"
    make_wheel(folder, "tinydep", "1.0")
    make_wheel(folder, "tinydep", "2.0")
    make_wheel(folder, "click", "0.1")
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Home:
    found = Home(tmp_path / "home")
    found.create()
    return found


def request(*lines: str, root: Path) -> EnvironmentRequest:
    return EnvironmentRequest(lines, root)


def test_what_the_platform_lacks_is_installed_and_the_rest_comes_from_it(
    home: Home, index: Path, tmp_path: Path
) -> None:
    found = Environments(home).resolve(request("tinydep<2", "pandas", root=tmp_path))

    code = "import tinydep, pandas, boathouse, click; print(tinydep.VERSION, click.__name__)"
    assert ask(found, code, tmp_path) == "1.0 click"
    assert "tinydep==1.0 --hash=sha256:" in found.lock and "pandas==" in found.lock
    assert Environments(home).environment_lock(found.key) == found.lock


def test_a_version_that_is_asked_for_wins_over_the_platforms(home: Home, index: Path, tmp_path: Path) -> None:
    found = Environments(home).resolve(request("click==0.1", root=tmp_path))

    assert ask(found, "import click; print(click.VERSION)", tmp_path) == "0.1"
    assert found.lock.count("click==") == 1


def test_the_same_request_finds_the_same_environment(home: Home, index: Path, tmp_path: Path) -> None:
    first = Environments(home).resolve(request("tinydep==2.0", root=tmp_path))
    made = (first.python.parent.parent / "pyvenv.cfg").stat().st_mtime_ns

    again = Environments(home).resolve(request("tinydep>=2", root=tmp_path))

    assert again == first
    assert (again.python.parent.parent / "pyvenv.cfg").stat().st_mtime_ns == made


def test_those_who_need_an_environment_at_once_build_it_once(home: Home, index: Path, tmp_path: Path) -> None:
    found: list[PythonEnvironment] = []
    builders = [
        threading.Thread(
            target=lambda: found.append(Environments(home).resolve(request("tinydep==1.0", root=tmp_path)))
        )
        for _ in range(4)
    ]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()

    assert len(found) == 4 and len({each.key for each in found}) == 1
    assert not list(home.environments.glob("*.new"))


def test_a_lock_with_hashes_is_taken_as_it_is(home: Home, index: Path, tmp_path: Path) -> None:
    import hashlib

    digest = hashlib.sha256((index / "tinydep-1.0-py3-none-any.whl").read_bytes()).hexdigest()
    (tmp_path / "requirements.lock").write_text(f"tinydep==1.0 \\\n    --hash=sha256:{digest}\n")

    found = Environments(home).resolve(request("-r requirements.lock", root=tmp_path))

    assert ask(found, "import tinydep; print(tinydep.VERSION)", tmp_path) == "1.0"


def test_a_lock_whose_hash_is_wrong_builds_nothing(home: Home, index: Path, tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").write_text(f"tinydep==1.0 --hash=sha256:{'0' * 64}\n")

    with pytest.raises(CannotResolve, match=r"[Hh]ash"):
        Environments(home).resolve(request("-r requirements.lock", root=tmp_path))

    assert not list(home.environments.glob("*/lock.txt"))


def test_what_a_local_wheel_requires_counts_too(home: Home, index: Path, tmp_path: Path) -> None:
    make_wheel(tmp_path / "dist", "mine", "1.0", "tinydep==2.0")

    found = Environments(home).resolve(request("dist/*.whl", root=tmp_path))

    paths = [str(each) for each in found.paths]
    code = f"import sys; sys.path[:0] = {paths!r}; import mine, tinydep; print(tinydep.VERSION)"
    assert ask(found, code, tmp_path) == "2.0"


def test_a_contradiction_is_explained(home: Home, index: Path, tmp_path: Path) -> None:
    with pytest.raises(CannotResolve, match="tinydep"):
        Environments(home).resolve(request("tinydep==1.0", "tinydep==2.0", root=tmp_path))


def test_without_a_network_that_is_what_is_said(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))

    with pytest.raises(NoNetwork, match="the package index cannot be reached"):
        Environments(home).resolve(request("tinydep==1.0", root=tmp_path))
