"""No route of MLflow is forgotten: its own list is walked on every run of the tests, and on every upgrade."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from boathouse.models.policy.table import ALL_ROUTES, RouteTable, canonical_path

HERE = Path(__file__).parent
MlflowRoute = tuple[str, str, bool]


@pytest.fixture(scope="module")
def routes_of_mlflow(tmp_path_factory: pytest.TempPathFactory) -> list[MlflowRoute]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "MLFLOW"))}
    folder = tmp_path_factory.mktemp("routes")
    command = [sys.executable, "-W", "ignore", str(HERE / "routes_of_mlflow.py"), str(folder)]
    said = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    return [tuple(each) for each in json.loads(said.splitlines()[-1])]


def test_each_route_of_mlflow_has_a_rule(routes_of_mlflow: list[MlflowRoute]) -> None:
    table = RouteTable()

    forgotten = [route for route in routes_of_mlflow if table.find(route[0], an_example_of(route[1])) is None]

    assert len(routes_of_mlflow) > 400
    assert forgotten == []


def test_each_route_is_forwarded_to_the_application_that_has_it(routes_of_mlflow: list[MlflowRoute]) -> None:
    table = RouteTable()
    native = {(method, canonical_path(path)) for method, path, is_native in routes_of_mlflow if is_native}

    for method, path, is_native in routes_of_mlflow:
        found = table.find(method, an_example_of(path))
        if is_native:
            assert found is not None and found.route.is_native, (method, path)
        elif found is not None and found.route.is_native:
            # Flask has it too; the ASGI application comes first in MLflow's own server.
            assert any(table.find(*each) is not None and same(each[1], path) for each in native), (method, path)


def test_a_route_with_a_free_path_is_not_taken_for_a_narrower_one(routes_of_mlflow: list[MlflowRoute]) -> None:
    table = RouteTable()

    for method, path, is_native in routes_of_mlflow:
        found = table.find(method, an_example_of(path))
        if found is not None and not is_native and not found.route.is_native:
            assert same(found.route.template, path), (method, path, found.route.template)


def test_no_rule_is_about_a_route_that_mlflow_no_longer_has(routes_of_mlflow: list[MlflowRoute]) -> None:
    table = RouteTable()
    used = {found.route for each in routes_of_mlflow if (found := table.find(each[0], an_example_of(each[1])))}

    assert [route.template for route in ALL_ROUTES if route not in used] == []


def an_example_of(path: str) -> str:
    """A path that a template matches."""
    path = re.sub(r"<path:\w+>|\{\w+:path\}", "1/some/file.txt", path)
    return re.sub(r"<\w+>|\{\w+\}", "x1", path)


def same(template: str, path: str) -> bool:
    """Whether two templates differ in nothing but how they write placeholders and the prefix of the UI."""
    return an_example_of(canonical_path(template)) == an_example_of(canonical_path(path))
