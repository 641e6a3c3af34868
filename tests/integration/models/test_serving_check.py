"""Models as MLflow saves them, checked in a process of their own: whatever they do there becomes a sentence."""

import os
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from boathouse.models.serving_check import CheckOptions, begun_check, check_serving

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # MLflow's own, at its import
    import mlflow
    import mlflow.pyfunc
    import mlflow.sklearn
    from mlflow.models import ModelSignature, infer_signature
    from mlflow.types import ColSpec, Schema
    from mlflow.types.schema import AnyType

pytestmark = pytest.mark.filterwarnings("ignore")

ROWS = pd.DataFrame({"temp": [1.0, 2.0, 3.0], "carrier": ["AA", "UA", "B6"]})
SIGNATURE = ModelSignature(Schema([ColSpec("double", "temp"), ColSpec("string", "carrier")]))
QUICK = CheckOptions(load_seconds=0.2, warm_up_requests=1, timeout_seconds=200)
LIGHT = CheckOptions.for_rollback(timeout_seconds=200)

Save = Callable[..., Path]


@pytest.fixture
def save(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Save:
    """A model whose code is these lines of ``predict``."""
    # Without a main file, as in a worker of pytest's, pyspark looks for a Spark that its pure client does not bring.
    monkeypatch.setenv("SPARK_HOME", sys.prefix)

    def make(
        predict: str = "return model_input['temp'] * 2", *, load: str = "pass",
        signature: ModelSignature | None = SIGNATURE, example: bool = True,
    ) -> Path:  # fmt: skip
        code = tmp_path / "code.py"
        code.write_text(
            "import os, sys, time\nimport mlflow\nfrom mlflow.pyfunc import PythonModel\n\n"
            f"class Own(PythonModel):\n    def load_context(self, context):\n        {load}\n"
            f"    def predict(self, context, model_input, params=None):\n        {predict}\n\n"
            "mlflow.models.set_model(Own())\n"
        )
        folder = tmp_path / "model"
        mlflow.pyfunc.save_model(folder, python_model=str(code), pip_requirements=[], signature=signature)
        if example:
            _put_example(folder)
        return folder

    return make


def _put_example(folder: Path) -> None:
    """Beside the model, as MLflow does it, without asking the model at once."""
    from mlflow.models import Model
    from mlflow.models.utils import _save_example

    model = Model.load(str(folder / "MLmodel"))
    _save_example(model, ROWS, str(folder))
    model.save(str(folder / "MLmodel"))


def test_a_good_model_passes_with_its_times(save: Save) -> None:
    found = check_serving(save(), QUICK)
    assert found.passed, found.problems
    assert (found.loaded, found.has_signature, found.answered_rows) == (True, True, 3)
    assert found.latency is not None and 0 < found.latency.p50_ms <= found.latency.p99_ms
    assert found.peak_memory_mb is not None and found.peak_memory_mb > 20
    assert [(each.what, each.refused, each.clear) for each in found.bad_payloads] == [
        ("column temp is missing", True, True),
        ("column temp holds text", True, True),
    ]


def test_the_light_check_loads_and_answers(save: Save) -> None:
    found = check_serving(save(), LIGHT)
    assert found.passed and found.light and found.answered_rows == 3
    assert found.latency is None and found.bad_payloads == ()


@pytest.mark.parametrize("format", ["skops", "cloudpickle"])
def test_the_light_check_asks_well_known_models_without_mlflow(tmp_path: Path, format: str) -> None:
    rows = ROWS[["temp"]]
    fitted = LinearRegression().fit(rows, [1.0, 2.0, 3.0])
    mlflow.sklearn.save_model(fitted, tmp_path / "model", input_example=rows, serialization_format=format)
    found = check_serving(tmp_path / "model", LIGHT)
    assert found.passed and (found.answered_rows, found.payload, found.has_signature) == (3, "input example", True)
    assert "mlflow" not in found.versions


def test_of_a_well_known_model_that_fails_mlflow_has_the_last_word(tmp_path: Path) -> None:
    rows = ROWS[["temp"]]
    fitted = LinearRegression().fit(rows, [1.0, 2.0, 3.0])
    mlflow.sklearn.save_model(fitted, tmp_path / "model", input_example=rows)
    next((tmp_path / "model").glob("model.*")).write_bytes(b"nothing of use")
    found = check_serving(tmp_path / "model", LIGHT)
    assert not found.loaded and "it does not load" in str(found.problems)


def test_a_model_that_does_not_load_says_why(save: Save) -> None:
    found = check_serving(save(load="raise RuntimeError('the trees are missing')"), LIGHT)
    assert not found.loaded and "it does not load: RuntimeError: the trees are missing" in str(found.problems)


def test_a_model_that_fails_its_own_example_says_why(save: Save) -> None:
    found = check_serving(save("raise KeyError('wind')"), QUICK)
    assert found.loaded and "does not answer its input example: KeyError: 'wind'" in str(found.problems)


def test_a_model_that_answers_too_few_rows_is_told(save: Save) -> None:
    assert "1 answers for 3 rows" in str(check_serving(save("return [1.0]"), LIGHT).problems)


def test_a_model_that_ends_its_process_is_told(save: Save) -> None:
    found = check_serving(save("os._exit(7)"), LIGHT)
    assert found.loaded and "ended with code 7, while answering" in str(found.problems)


def test_without_a_signature_or_an_example_it_cannot_be_checked(save: Save) -> None:
    found = check_serving(save(signature=None, example=False), QUICK)
    assert "it has no signature" in str(found.problems) and "could not be asked" in str(found.problems)


def test_the_light_check_makes_up_a_row_where_there_is_no_example(save: Save) -> None:
    found = check_serving(save(example=False), LIGHT)
    assert found.passed and found.payload == "row made up from its signature" and found.answered_rows == 1


def test_rows_that_are_given_stand_in_for_an_example(save: Save, tmp_path: Path) -> None:
    ROWS.to_parquet(tmp_path / "rows.parquet")
    found = check_serving(save(example=False), CheckOptions(light=True, payload=tmp_path / "rows.parquet"))
    assert found.passed and found.payload == "evaluation rows" and found.answered_rows == 3


def test_columns_that_may_be_missing_are_not_taken_away(save: Save) -> None:
    columns = [ColSpec("double", "temp", required=False), ColSpec("string", "carrier", required=False)]
    found = check_serving(save("return [0.0] * len(model_input)", signature=ModelSignature(Schema(columns))), QUICK)
    assert [(each.what, each.clear) for each in found.bad_payloads] == [("column temp holds text", True)]


def test_a_model_that_answers_nonsense_is_told(save: Save) -> None:
    found = check_serving(
        save("return [0.0] * len(model_input)", signature=ModelSignature(Schema([ColSpec(AnyType(), "temp")]))), QUICK
    )
    assert found.bad_payloads[0].clear
    assert "it answers although column temp holds text: answered [0.0, 0.0, 0.0]" in found.problems


def test_arrays_are_asked_with_arrays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_HOME", sys.prefix)
    rows = np.arange(6, dtype=np.float64).reshape(3, 2)
    fitted = LinearRegression().fit(rows, [1.0, 2.0, 3.0])
    mlflow.sklearn.save_model(
        fitted, tmp_path / "model", signature=infer_signature(rows, [1.0]), input_example=rows, pip_requirements=[]
    )
    found = check_serving(tmp_path / "model", QUICK)
    assert found.passed, found.problems
    assert len(found.bad_payloads) == 2 and found.latency is not None


def test_a_slow_model_is_asked_until_there_are_enough_answers(save: Save) -> None:
    slow = save("time.sleep(0.01); return model_input['temp'] * 2")
    found = check_serving(slow, replace(QUICK, load_seconds=0.01, minimum_requests=60))

    assert found.latency is not None
    assert found.latency.requests >= 60


def test_a_model_that_reads_standard_input_finds_nothing_there(save: Save) -> None:
    reads = "assert sys.stdin.read() == '' and os.popen('cat').read() == ''"

    found = check_serving(save(f"{reads}; return model_input['temp'] * 2", load=reads), QUICK)

    assert found.passed, found.problems


def test_what_a_library_prints_by_itself_is_in_the_log(save: Save) -> None:
    found = check_serving(save(load="import ctypes; ctypes.CDLL(None).printf(b'from the library')"), QUICK)

    assert "from the library" in found.log


def test_it_loads_before_and_is_asked_when_it_is_told_to(save: Save, tmp_path: Path) -> None:
    loaded, asked = tmp_path / "loaded", tmp_path / "asked"
    folder = save(
        f"open({str(asked)!r}, 'w').close(); return model_input['temp'] * 2",
        load=f"open({str(loaded)!r}, 'w').close()",
    )
    with begun_check(folder, QUICK) as finish:
        ends = time.monotonic() + 60
        while not loaded.exists() and time.monotonic() < ends:
            time.sleep(0.05)
        time.sleep(0.5)
        assert loaded.exists() and not asked.exists()
        assert finish().passed
    assert asked.exists()


def test_who_goes_before_it_was_asked_takes_the_process_along(save: Save, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    folder = save(load=f"open({str(note)!r}, 'w').write(str(os.getpid()))")
    with begun_check(folder, QUICK):
        ends = time.monotonic() + 60
        while not (note.exists() and note.read_text()) and time.monotonic() < ends:
            time.sleep(0.05)
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)
