"""New projects."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from boathouse.bundles import CurrentUser, Reading, read_bundle
from boathouse.bundles.projects import create_project, package_name
from boathouse.foundation.errors import AlreadyExists, InvalidInput

CI_FILES = (".github/workflows/ci.yml", "azure-pipelines.yml", ".gitlab-ci.yml", ".pre-commit-config.yaml")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return create_project("bike-rides", tmp_path / "bike-rides")


@pytest.mark.parametrize("target", ["dev", "staging"])
def test_a_new_project_is_valid_without_a_remark(project: Path, target: str) -> None:
    found = read_bundle(project, Reading(CurrentUser("ada"), target))
    assert found.findings == ()
    assert [str(one) for one in found.resources] == [
        "schemas.main", "registered_models.rides", "experiments.rides", "jobs.pipeline",
        "model_serving_endpoints.rides", "model_requirements.rides", "endpoint_policies.rides",
    ]  # fmt: skip


def test_nothing_of_the_template_shows_through(project: Path) -> None:
    for file in project.rglob("*"):
        assert "PROJECT_" not in file.name and "dot_" not in file.name and not file.name.endswith(".template")
        if file.is_file():
            assert "PROJECT_" not in file.read_text()


def test_ci_files_are_yaml_and_keep_their_own_references(project: Path) -> None:
    for name in CI_FILES:
        assert yaml.safe_load((project / name).read_text())
    assert "${{ secrets.BOATHOUSE_TOKEN }}" in (project / CI_FILES[0]).read_text()
    assert "--test-days={{job.parameters.test_days}}" in (project / "resources" / "pipeline.yml").read_text()
    assert "credentials('boathouse-prod')" in (project / "Jenkinsfile").read_text()


def test_its_unit_tests_and_its_linter_pass(project: Path) -> None:
    for command in (["pytest", "-q", "tests/unit"], ["ruff", "check", "."], ["ruff", "format", "--check", "."]):
        done = subprocess.run([sys.executable, "-m", *command], cwd=project, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", "cannot be the name"),
        ("1st", "For example: project_1st"),
        ("my project", "For example: my_project"),
        ("../evil", "For example: evil"),
        ("a/b", "For example: a_b"),
        ("flüge", "For example: fl_ge"),
        ('quo"te', "For example: quo_te"),
        ("class", "Python or this project uses it already. For example: class_project"),
        ("mlflow", "uses it already"),
        ("x" * 60, "at most 50 characters"),
        ("ends-", "For example: ends"),
    ],
)
def test_a_bad_name_is_refused_with_a_better_one(name: str, expected: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        package_name(name)
    assert expected in str(caught.value)


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("mine")
    with pytest.raises(AlreadyExists, match="is not empty"):
        create_project("rides", tmp_path / "mine")
    assert [file.name for file in tmp_path.rglob("*")] == ["mine", "file"]


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert (create_project("rides", tmp_path / "empty") / "databricks.yml").is_file()


def test_reading_a_bundle_loads_nothing_heavy(project: Path) -> None:
    code = """
import json, sys
from pathlib import Path
from boathouse.bundles import CurrentUser, Reading, read_bundle
read_bundle(Path(sys.argv[1]), Reading(CurrentUser("ada")))
heavy = {"sqlalchemy", "mlflow", "duckdb", "deltalake", "pyarrow", "pandas", "polars", "fastapi", "dbos", "httpx"}
print(json.dumps(sorted(heavy & set(sys.modules))))
"""
    script = project / "check.py"
    script.write_text(code)
    done = subprocess.run([sys.executable, str(script), str(project)], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
