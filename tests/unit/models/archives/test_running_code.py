"""Whatever could run code of its maker is named; what is known to be harmless is not."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from boathouse.models.archives.running_code import runs_code
from boathouse.models.version_files import files_below

HARMLESS = """
flavors:
  python_function:
    loader_module: mlflow.lightgbm
    data: model.lgb
  lightgbm:
    model_class: lightgbm.basic.Booster
    data: model.lgb
"""
SKOPS = """
flavors:
  python_function: {loader_module: mlflow.sklearn, model_path: model.skops}
  sklearn: {pickled_model: model.skops, serialization_format: skops}
"""
Look = Callable[..., dict[str, str]]


@pytest.fixture
def look(tmp_path: Path) -> Look:
    def write_and_look(mlmodel: str | None = HARMLESS, **files: bytes) -> dict[str, str]:
        if mlmodel is not None:
            (tmp_path / "MLmodel").write_text(mlmodel)
        for name, content in files.items():
            (tmp_path / name.replace("__", ".")).write_bytes(content)
        return {each.path: each.why for each in runs_code(files_below(tmp_path))}

    return write_and_look


def zipped(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for name in names:
            packed.writestr(name, "x")
    return content.getvalue()


def test_text_weights_and_skops_are_harmless(look: Look) -> None:
    assert look(HARMLESS, model__lgb=b"tree\nversion=v4", requirements__txt=b"lightgbm") == {}
    assert look(SKOPS, model__skops=zipped("schema.json")) == {}


@pytest.mark.parametrize(
    "name", ["model__pkl", "model__joblib", "weights__pt", "model__json", "model__lgb", "model__txt"]
)
def test_a_pickle_is_found_by_its_name_or_its_first_bytes(look: Look, name: str) -> None:
    assert look(HARMLESS, **{name: pickle.dumps([1])}) == {name.replace("__", "."): "is pickled"}


def test_a_pickle_in_a_package_is_found(look: Look) -> None:
    assert look(HARMLESS, model__skops=zipped("schema.json", "data.pkl")) == {
        "model.skops": "holds data.pkl, which is pickled"
    }


@pytest.mark.parametrize("name", ["code__py", "native__so"])
def test_code_is_found(look: Look, name: str) -> None:
    assert look(HARMLESS, **{name: b"x"})[name.replace("__", ".")] == "is code"


def test_kinds_of_files_that_nobody_knows_count_as_code(look: Look) -> None:
    assert "nobody has looked at" in look(HARMLESS, model__xyz=b"x")["model.xyz"]


@pytest.mark.parametrize(
    ("mlmodel", "told"),
    [
        (HARMLESS.replace("lightgbm.basic.Booster", "lightgbm.sklearn.LGBMClassifier"), "lightgbm needs cloudpickle"),
        (HARMLESS.replace("loader_module: mlflow.lightgbm", "loader_module: os"), "is loaded by os"),
        (HARMLESS + "  torch: {}\n", "flavour torch"),
        (HARMLESS.replace("data: model.lgb", "data: ../../../etc/passwd"), "is not in the model"),
        (SKOPS.replace("format: skops", "format: skops, skops_trusted_types: [os.system]"), "trusts types"),
        (SKOPS.replace("format: skops", "format: pickle"), "sklearn needs pickle"),
        ("flavors: {python_function: {loader_module: mlflow.sklearn, code: code}}", "brings code"),
        ("flavors: {xgboost: {model_class: os.system}}", "makes a os.system"),
        ("a: [", "names no flavour"),
        ("- 1", "names no flavour"),
    ],
)
def test_settings_that_run_code_are_found(look: Look, mlmodel: str, told: str) -> None:
    assert told in look(mlmodel)["MLmodel"]


def test_a_model_without_its_description_counts_as_code(look: Look) -> None:
    assert "missing" in look(None)["MLmodel"]
