"""The tutorial and the walk through features work as written: their blocks are run in order, in an empty folder."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
TUTORIAL, FEATURES = DOCS / "tutorial" / "first-project.md", DOCS / "how-to" / "features.md"
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """An empty folder; a Boathouse that was started in it is stopped."""
    yield tmp_path
    subprocess.run([sys.executable, "-m", "boathouse", "down"], cwd=tmp_path, env=_environment(), check=False)


def test_its_blocks_run_in_order(folder: Path) -> None:
    """In one shell, as somebody pastes them: what a block leaves in the environment is there in the next."""
    done = _run(TUTORIAL, folder)

    assert done.returncode == 0, done.stdout
    assert "http://127.0.0.1:" in done.stdout
    assert "26398" in done.stdout  # flights of January that arrived, in version 0
    assert "x-served-by: dev.trial.late@1" in done.stdout
    assert '{"predictions"' in done.stdout
    assert "refused, as it should be" in done.stdout
    assert "PERMISSION_DENIED" not in done.stdout


def test_features_are_made_used_and_served_in_order(folder: Path) -> None:
    done = _run(FEATURES, folder)

    assert done.returncode == 0, done.stdout
    assert "Certificate of a training set: PASSED" in done.stdout
    assert "model version  dev.shop.leaving@1" in done.stdout
    assert "dev.shop.customer_days_online matches dev.shop.customer_days version 1: 300 key(s)." in done.stdout


def _run(page: Path, folder: Path) -> "subprocess.CompletedProcess[str]":
    script = "\n".join(_spoken(*block) for block in BLOCK.findall(page.read_text()))

    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def _spoken(language: str, text: str) -> str:
    """The block as a piece of a shell script; Python that begins with its file's name is put into that file."""
    if language == "sh":
        return text
    name = text.splitlines()[0].removeprefix("# ")
    command = f"cat > {name}" if text.startswith("# ") else "python -"
    return f"{command} <<'END'\n{text}END\n"


def _environment() -> dict[str, str]:
    ignored = ("BOATHOUSE_", "MLFLOW_", "DATABRICKS_")
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(ignored)}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**inherited, "PATH": path, "BOATHOUSE_PORT": "0"}
