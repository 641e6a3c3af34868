"""What happens to the score when known time is ignored. After ``make demo``: ``python examples/flights/known_time.py``.

The same flights, feature tables and model, learned and judged twice. *Known* looks up what was known when we were
asked. *Ignored* is the usual mistake: the value of the day, whenever it became known (``as_of="latest"``). Somebody who
makes it sees the second score, and gets the third, since in production the rest of the day has not happened yet.
"""

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl
from rich.console import Console
from rich.table import Table

import boathouse as bh
from boathouse.features import FeatureEngineeringClient, TrainingSet
from boathouse.foundation.home import HOME_FOLDER, HOME_VARIABLE

HERE = Path(__file__).absolute().parent
sys.path.insert(0, str(HERE / "src"))

from flights.clocks import Windows, parse_as_of  # noqa: E402
from flights.encoding import encode  # noqa: E402
from flights.evaluation import Score, score  # noqa: E402
from flights.jobs.store import NOT_SEEN, features  # noqa: E402
from flights.training import Trained, known_examples, train  # noqa: E402

AsOf = Literal["known", "latest"]


@dataclass(frozen=True, slots=True)
class Data:
    """The examples of the months to learn from and of the month to be judged on, looked up in one way."""

    learned: TrainingSet
    judged: TrainingSet

    @classmethod
    def read(cls, schema: str, windows: Windows, as_of: AsOf) -> "Data":
        questions, labels = (bh.table(f"{schema}.{name}").pl() for name in ("questions", "labels"))
        until, end = windows.train_until, windows.evaluate_until
        learned = known_examples(questions, labels, asked_until=until, known_by=until)
        judged = known_examples(questions, labels, asked_from=until, asked_until=end, known_by=windows.as_of)
        return cls(*(_training_set(schema, examples, as_of) for examples in (learned, judged)))

    def trained(self) -> Trained:
        return train(self.learned.load_df())

    def judge(self, model: Trained) -> Score:
        month = self.judged.load_df()
        return score(month["late"].to_numpy(), model.booster.predict(encode(month, model.vocabulary)))


def main(schema: str, windows: Windows) -> None:
    known, ignored = (Data.read(schema, windows, as_of) for as_of in ("known", "latest"))
    honest, fooled = known.trained(), ignored.trained()
    show = Console(highlight=False, width=100).print
    show(f"Learned from {known.learned.spine.num_rows:,} flights, judged on the {known.judged.spine.num_rows:,} after.")
    table = Table("Known time is", "AUC", "log loss", "Brier", "calibration error", box=None)
    for name, result in (
        ("respected: in the test and in production", known.judge(honest)),
        ("ignored: in the test", ignored.judge(fooled)),
        ("ignored: the same model in production", known.judge(fooled)),
    ):
        figures = (result.auc, result.log_loss, result.brier, result.calibration_error)
        table.add_row(name, *(f"{figure:.3f}" for figure in figures))
    show(table)
    show("\nValues that differ from what was known, over the month:")
    for report in ignored.judged.report:
        for feature, count in report.differing.items():
            show(f"  {feature:30} {count / ignored.judged.spine.num_rows:6.1%}")


def _training_set(schema: str, examples: pl.DataFrame, as_of: AsOf) -> TrainingSet:
    return FeatureEngineeringClient().create_training_set(
        df=examples, feature_lookups=features(schema), label="late", exclude_columns=NOT_SEEN, as_of=as_of
    )


if __name__ == "__main__":
    os.environ.setdefault(HOME_VARIABLE, str(HERE.parents[1] / HOME_FOLDER))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schema", default="prod.flights", help="whose tables are read (default: prod.flights)")
    parser.add_argument("--as_of", default="2013-12-01", type=parse_as_of, help="the present (default: 2013-12-01)")
    arguments = parser.parse_args()
    main(arguments.schema, Windows.before(arguments.as_of))
