"""The tutorial works as it is written: its blocks are run in order, in an empty folder."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial" / "first-project.md"
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """An empty folder; a Boathouse that was started in it is stopped."""
    yield tmp_path
    subprocess.run([sys.executable, "-m", "boathouse", "down"], cwd=tmp_path, env=_environment(), check=False)


def test_its_blocks_run_in_order(folder: Path) -> None:
    ran = [_run(folder, language, text) for language, text in BLOCK.findall(TUTORIAL.read_text())]

    output = "\n".join(ran)
    assert "http://127.0.0.1:" in ran[0]
    assert "26398" in output  # flights of January that arrived, in version 0
    assert "refused, as it should be" in output
    assert "PERMISSION_DENIED" not in output


def _run(folder: Path, language: str, text: str) -> str:
    if language == "python" and text.startswith("# "):
        name = text.splitlines()[0].removeprefix("# ")
        (folder / name).write_text(text)
        return ""
    command = [sys.executable, "-c", text] if language == "python" else ["bash", "-euo", "pipefail", "-c", text]
    done = subprocess.run(
        command,
        cwd=folder,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{text}\n{done.stdout}"
    return done.stdout


def _environment() -> dict[str, str]:
    ignored = ("BOATHOUSE_", "MLFLOW_", "DATABRICKS_")
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(ignored)}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**inherited, "PATH": path, "BOATHOUSE_PORT": "0"}
