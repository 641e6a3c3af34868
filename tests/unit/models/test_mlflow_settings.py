"""The internal variables of MLflow that we set are those that it reads; a new MLflow may rename them."""

import ast
from importlib.util import find_spec
from pathlib import Path

from boathouse.models.mlflow_server import MlflowSettings


def test_mlflow_still_reads_the_variables_that_configure_its_server() -> None:
    spec = find_spec("mlflow")
    assert spec is not None and spec.origin is not None
    constants = Path(spec.origin).parent / "server" / "constants.py"
    known = {node.value for node in ast.walk(ast.parse(constants.read_text())) if isinstance(node, ast.Constant)}
    ours = MlflowSettings("sqlite:////tmp/mlflow.db", Path("/tmp/artifacts")).environment()

    assert {name for name in ours if name.startswith("_MLFLOW")} <= known


def test_the_public_variables_are_known_to_mlflow() -> None:
    spec = find_spec("mlflow")
    assert spec is not None and spec.origin is not None
    text = (Path(spec.origin).parent / "environment_variables.py").read_text()
    ours = MlflowSettings("sqlite:////tmp/mlflow.db", Path("/tmp/artifacts"), "box.example").environment()

    assert [name for name in ours if name.startswith("MLFLOW") and f'"{name}"' not in text] == []
