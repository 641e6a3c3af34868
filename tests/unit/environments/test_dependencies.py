"""How dependency lines are read."""

from pathlib import Path

import pytest

from boathouse.environments import DependencyFileNotFound, EnvironmentRequest, InvalidDependency
from boathouse.environments.dependencies import read_dependencies


def read(root: Path, *lines: str):
    return read_dependencies(EnvironmentRequest(lines, root))


def test_requirements_comments_and_markers(tmp_path: Path) -> None:
    found = read(
        tmp_path, "pandas>=2  # frames", "", "# nothing", "colorama; sys_platform == 'win32'", "polars[all]==1.0"
    )

    assert [str(each) for each in found.requirements] == ["pandas>=2", "polars[all]==1.0"]


def test_a_lock_is_read_with_its_hashes(tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").write_text(
        "--index-url https://example.org/simple\n"
        "click==8.1.7 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n-r more.txt\n"
    )
    (tmp_path / "more.txt").write_text("rich==13.0\n")

    found = read(tmp_path, "-r requirements.lock")

    assert [str(each) for each in found.requirements] == ["click==8.1.7", "rich==13.0"]
    assert found.hashes["click==8.1.7"].split() == ["click==8.1.7", "--hash=sha256:aa", "--hash=sha256:bb"]


def test_wheels_are_found_by_pattern(tmp_path: Path) -> None:
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "a-1.0-py3-none-any.whl").touch()

    assert [each.name for each in read(tmp_path, "./dist/*.whl").wheels] == ["a-1.0-py3-none-any.whl"]


@pytest.mark.parametrize("line", ["not a requirement!", "-e .", "../elsewhere", "--unknown option"])
def test_a_line_that_is_none_is_refused_with_its_text(tmp_path: Path, line: str) -> None:
    with pytest.raises(InvalidDependency, match="line"):
        read(tmp_path, line)


@pytest.mark.parametrize("line", ["-r no.txt", "dist/*.whl"])
def test_a_file_that_is_not_there_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(DependencyFileNotFound, match=r"no\.txt|whl"):
        read(tmp_path, line)


def test_a_file_that_names_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("-r a.txt\n")

    with pytest.raises(InvalidDependency, match="names itself"):
        read(tmp_path, "-r a.txt")
