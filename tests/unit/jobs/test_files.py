"""Where tasks may find their files."""

from pathlib import Path

import pytest

from boathouse.jobs.files import FileOutside, TaskFileNotFound, task_file
from boathouse.jobs.records import DeploymentRef


@pytest.fixture
def deployment(tmp_path: Path) -> DeploymentRef:
    root = tmp_path / "root"
    (root / "src").mkdir(parents=True)
    (root / "src" / "nb.py").touch()
    (tmp_path / "secret.py").touch()
    (root / "link.py").symlink_to(tmp_path / "secret.py")
    return DeploymentRef("b", "dev", "1", str(root))


def test_a_notebook_is_found_without_its_suffix(deployment: DeploymentRef) -> None:
    assert task_file("./src/../src/nb", deployment, suffixes=("", ".py")).name == "nb.py"


@pytest.mark.parametrize("path", ["../secret.py", "src/../../secret.py", "/etc/passwd", "link.py"])
def test_nothing_outside_the_deployment_is_found(deployment: DeploymentRef, path: str) -> None:
    with pytest.raises(FileOutside, match="leads out of the deployed folder"):
        task_file(path, deployment)


def test_a_missing_file_is_named(deployment: DeploymentRef) -> None:
    with pytest.raises(TaskFileNotFound, match=r"There is no file src/no\.py in the deployment of bundle b"):
        task_file("src/no.py", deployment)


@pytest.mark.parametrize("path", ["relative.py", "/tmp/../etc/passwd"])
def test_without_a_deployment_a_path_is_absolute_and_plain(path: str) -> None:
    with pytest.raises(FileOutside):
        task_file(path, None)
