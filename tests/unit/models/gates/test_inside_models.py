"""What fitted models remember of their training, and what the gate convergence makes of it."""

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from boathouse.models.evidence import Verdict
from boathouse.models.gates.convergence import GATE, curve_of
from boathouse.models.gates.inside_models import curves_inside, rounds_inside

pytestmark = pytest.mark.filterwarnings("ignore")

DICE = np.random.default_rng(0)
ROWS = DICE.normal(size=(300, 3))
LATE = (ROWS[:, 0] + 0.3 * DICE.normal(size=300) > 0).astype(int)


@pytest.mark.parametrize(
    ("model", "metric", "higher", "held_out"),
    [
        (HistGradientBoostingClassifier(early_stopping=True, max_iter=20), "validation loss", False, True),
        (HistGradientBoostingClassifier(early_stopping=True, max_iter=20, scoring="accuracy"), "validation score", True,
         True),
        (GradientBoostingClassifier(n_estimators=20), "training loss", False, False),
        (MLPClassifier(max_iter=20), "training loss", False, False),
    ],
    ids=str,
)  # fmt: skip
def test_a_curve_is_found_inside(model: Any, metric: str, higher: bool, held_out: bool) -> None:
    found = curve_of(curves_inside([model.fit(ROWS, LATE)]))
    assert found is not None
    assert (found.metric, found.higher_is_better, found.is_held_out) == (metric, higher, held_out)
    assert found.losses[found.best] < found.losses[0]


def test_what_learns_in_no_rounds_has_no_curve() -> None:
    forest = RandomForestClassifier(5).fit(ROWS, LATE)
    assert curves_inside([forest]) == {} and rounds_inside([forest]) is None


@pytest.fixture
def save(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Path]:
    # Without a main file, as in a worker of pytest's, pyspark looks for a Spark that its pure client does not bring.
    monkeypatch.setenv("SPARK_HOME", sys.prefix)

    def make(model: Any) -> Path:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import mlflow.sklearn

            mlflow.sklearn.save_model(
                model, tmp_path / "saved", serialization_format="cloudpickle", pip_requirements=[]
            )
        return tmp_path / "saved"

    return make


def test_the_curve_of_the_model_stands_in_for_that_of_the_run(
    case: Callable[..., Any], judged: Callable[..., Any], save: Callable[[Any], Path]
) -> None:
    folder = save(make_pipeline(StandardScaler(), GradientBoostingClassifier(n_estimators=60)).fit(ROWS, LATE))
    found = judged(GATE, case(metrics={"rows": [300.0]}, folder=folder))
    assert {said.verdict for _, said in found.values()} == {Verdict.PASSED}
    assert found["improvement"][0].details["curve"] == "training loss"


@pytest.mark.parametrize(("rounds", "expected"), [(500, Verdict.PASSED), (2, Verdict.FAILED)])
def test_a_solver_has_to_end_before_it_must(
    case: Callable[..., Any], judged: Callable[..., Any], save: Callable[[Any], Path], rounds: int, expected: Verdict
) -> None:
    folder = save(LogisticRegression(max_iter=rounds).fit(ROWS, LATE))
    found = judged(GATE, case(metrics={"auc": [0.8]}, folder=folder), curve="iterations")
    assert found["stopped_at_last_round"][1].verdict is expected


def test_a_model_that_counts_no_rounds_is_inconclusive(
    case: Callable[..., Any], judged: Callable[..., Any], save: Callable[[Any], Path]
) -> None:
    folder = save(RandomForestClassifier(5).fit(ROWS, LATE))
    found = judged(GATE, case(metrics={"auc": [0.8]}, folder=folder), curve="iterations")
    assert found["stopped_at_last_round"][1].verdict is Verdict.INCONCLUSIVE
