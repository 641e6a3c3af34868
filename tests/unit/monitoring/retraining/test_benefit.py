"""A trial beside the champion: which rows, what is fitted, and what is said of it."""

import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from tests.unit.models.ground import MODEL, Ground, new_ground, requirements

from boathouse.foundation.errors import InvalidInput
from boathouse.lake import DuckDBEngine
from boathouse.models.evaluation.pyfunc_scorer import PyfuncScorer
from boathouse.monitoring.retraining.benefit.judging import judged
from boathouse.monitoring.retraining.benefit.measuring import TrialOrder, _compared  # type: ignore[attr-defined]
from boathouse.monitoring.retraining.benefit.refitting import refitted
from boathouse.monitoring.retraining.benefit.splitting import NoTrial, divided, more_to_learn
from boathouse.monitoring.retraining.nouns import BenefitFound
from boathouse.monitoring.retraining.policy import Benefit
from boathouse.session import LocalLaw, Session

START = datetime(2026, 1, 1, tzinfo=UTC)
TABLE = "dev.flights.judged"


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    with new_ground(tmp_path) as made:
        yield made


@pytest.fixture
def session(ground: Ground) -> Session:
    return Session(ground.ada, LocalLaw(ground.catalog), DuckDBEngine())


def rides(rows: int, *, turns_at: int | None = None, first: int = 0) -> pl.DataFrame:
    """Rides by the hour; from a row on the wind means the opposite of what it meant before."""
    random = np.random.default_rng(7)
    wind, number = random.normal(size=rows), np.arange(first, first + rows)
    sign = np.where(number >= (turns_at if turns_at is not None else first + rows), -1, 1)
    late = random.random(rows) < 1 / (1 + np.exp(-3 * sign * wind))
    at = [START + timedelta(hours=int(each)) for each in number]
    return pl.DataFrame({"ride": number, "at": at, "wind": wind, "hour": number % 24, "late": late.astype(int)})


@pytest.fixture(scope="module")
def champion_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Any, pl.DataFrame], PyfuncScorer]:
    """A version as it was logged: an estimator fitted on rows."""

    def make(estimator: Any, learned: pl.DataFrame) -> PyfuncScorer:
        import mlflow.sklearn

        inputs = learned.select("wind", "hour").to_pandas()
        folder = tmp_path_factory.mktemp("champion") / "model"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitted = estimator.fit(inputs, learned["late"].to_numpy())
            mlflow.sklearn.save_model(fitted, str(folder), input_example=inputs.head(3))
            return PyfuncScorer(folder, "version 1")

    return make


def asked(**said: Any) -> Benefit:
    return Benefit.model_validate({"timestamp": "at", "minimum_rows": 20, **said})


def test_the_freshest_rows_are_compared_on_and_nobody_learns_from_them(session: Session) -> None:
    session.write_table(TABLE, rides(1000))
    rows = divided(session, requirements(), asked(test_rows=200, train_rows=300))
    assert (len(rows.compare), len(rows.learn)) == (200, 300)
    assert rows.compare["ride"].min() == 800
    assert rows.learn["ride"].max() == 799


def test_rows_of_one_instant_are_on_one_side(session: Session) -> None:
    session.write_table(TABLE, rides(900).with_columns(at=pl.col("at").dt.truncate("1d")))
    rows = divided(session, requirements(), asked(test_rows=100))
    assert rows.compare["at"].min() > rows.learn["at"].max()
    assert len(rows.compare) >= 100


def test_in_a_replay_later_rows_have_not_happened(session: Session) -> None:
    session.write_table(TABLE, rides(1000))
    rows = divided(session, requirements(), asked(), "2026-01-20T00:00:00Z")
    assert rows.compare["at"].max() < datetime(2026, 1, 20, tzinfo=UTC)


def test_rows_without_a_label_and_outside_of_the_condition_are_left_out(session: Session) -> None:
    frame = rides(1000).with_columns(late=pl.when(pl.col("ride") >= 900).then(None).otherwise(pl.col("late")))
    session.write_table(TABLE, frame)
    held = requirements(evaluation={"table": TABLE, "label": "late", "where": "hour < 12"})
    rows = divided(session, held, asked())
    assert rows.compare["ride"].max() < 900
    assert rows.compare["hour"].max() < 12


@pytest.mark.parametrize(
    ("rows", "said", "told"),
    [
        (0, {}, "has 0 labelled rows"),
        (60, {"minimum_rows": 50}, "has 60 labelled rows; 50 are needed"),
        (100, {"timestamp": None}, "Nobody says which rows"),
        (100, {"timestamp": "then"}, "has no column then"),
    ],
)
def test_what_cannot_be_divided_says_why(session: Session, rows: int, said: dict[str, Any], told: str) -> None:
    session.write_table(TABLE, rides(100).head(rows))
    with pytest.raises(InvalidInput, match=told):
        divided(session, requirements(), asked(**said))


def test_the_training_table_fills_up_with_what_is_older(session: Session) -> None:
    session.write_table(TABLE, rides(300, first=700))
    session.write_table("dev.flights.learned", rides(1000))
    held = requirements(evaluation={"table": TABLE, "label": "late", "training_table": "dev.flights.learned"})
    rows = divided(session, held, asked(test_rows=90))
    learn = more_to_learn(session, rows, held, 500)
    assert len(learn) == 500
    assert learn["ride"].max() < rows.compare["ride"].min()
    assert learn["ride"].n_unique() == 500


def compared(session: Session, champion: PyfuncScorer, **said: Any) -> BenefitFound:
    held, trial = requirements(), asked(**said)
    rows = divided(session, held, trial)
    order = TrialOrder(MODEL, 1, held, trial)
    again = refitted(champion, rows.learn, "late", is_regression=False)
    return _compared(order, "log_loss", rows, (champion, again), len(rows.learn))


def test_after_a_turn_of_the_world_a_refit_is_better(session: Session, champion_of: Any) -> None:
    champion = champion_of(LogisticRegression(), rides(1500))
    session.write_table(TABLE, rides(3000, turns_at=1500))
    found = compared(session, champion, train_rows=900, test_rows=500)
    assert found.lower is not None
    assert found.lower > 0.5
    assert (found.rows, found.trained_rows, found.champion, found.data_table) == (500, 900, 1, TABLE)
    assert not judged(asked(), found).holds


def test_in_a_world_that_stays_there_is_drift_without_benefit(session: Session, champion_of: Any) -> None:
    champion = champion_of(LogisticRegression(), rides(1500))
    session.write_table(TABLE, rides(3000).with_columns(hour=pl.col("hour") + 100))  # a drift that means nothing
    found = compared(session, champion, train_rows=300, test_rows=600)
    assert found.lower is not None
    assert found.lower < 0.05
    said = judged(asked(minimum_improvement=0.05), found)
    assert said.holds
    assert said.reason.startswith("Drift without benefit")


def test_the_champion_itself_stays_as_it_is(session: Session, champion_of: Any) -> None:
    champion = champion_of(LogisticRegression(), rides(1500))
    frame = rides(400, turns_at=0)
    before = champion(frame)
    refitted(champion, frame, "late", is_regression=False)
    assert np.array_equal(before, champion(frame))


def test_a_model_of_numbers_is_fitted_to_numbers(champion_of: Any) -> None:
    champion = champion_of(LinearRegression(), rides(200))
    again = refitted(champion, rides(200, turns_at=0), "late", is_regression=True)
    assert again.classes is None
    assert not again.gives_classes
    assert again(rides(10)).shape == (10,)


@pytest.mark.parametrize("rows", [rides(10), rides(200).with_columns(late=pl.lit(1))], ids=["too few", "one class"])
def test_what_cannot_be_learned_from_says_why(champion_of: Any, rows: pl.DataFrame) -> None:
    champion = champion_of(LogisticRegression(), rides(200))
    with pytest.raises(NoTrial):
        refitted(champion, rows, "late", is_regression=False)


def test_code_of_its_own_needs_a_job_of_the_project() -> None:
    class Own:
        inputs = ("wind",)
        raw_model = None

        def prepared(self, frame: Any) -> Any:
            return frame

        def rows_of(self, frame: Any) -> Any:
            return frame

    with pytest.raises(NoTrial, match=r"brakes\.benefit\.method: job"):
        refitted(Own(), rides(100), "late", is_regression=False)


@pytest.mark.parametrize(
    ("lower", "minimum", "holds"), [(0.01, 0.0, False), (0.0, 0.0, True), (0.01, 0.02, True), (-0.1, -0.2, False)]
)
def test_only_the_worse_end_of_the_interval_counts(lower: float, minimum: float, holds: bool) -> None:
    found = BenefitFound("auc", 0.5, lower, 0.6, champion=3, rows=100)
    assert judged(asked(minimum_improvement=minimum), found).holds is holds
