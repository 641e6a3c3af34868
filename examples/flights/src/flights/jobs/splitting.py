"""What is known by now, divided by time: examples to learn from, and the month after them to be judged on."""

import polars as pl

import boathouse as bh
from flights.jobs.arguments import Arguments
from flights.jobs.store import make_usual_share
from flights.training import forecast_naively, known_examples, naive_forecast, usual_shares


def split() -> None:
    """The tables ``examples`` and ``evaluation``: what we were asked and what became of it; the second also with what a
    naive forecast made of the first says. And the function that answers when no model can, made of the first too."""
    split_known(Arguments.read())


def split_known(arguments: Arguments) -> None:
    windows = arguments.windows
    questions, labels = (bh.table(arguments.table(name)).pl() for name in ("questions", "labels"))
    learned = known_examples(questions, labels, asked_until=windows.train_until, known_by=windows.train_until)
    judged = known_examples(
        questions,
        labels,
        asked_from=windows.train_until,
        asked_until=windows.evaluate_until,
        known_by=windows.as_of,
    )
    _write(arguments, "examples", learned)
    _write(arguments, "evaluation", judged.with_columns(naive=forecast_naively(naive_forecast(learned), judged)))
    make_usual_share(bh.default_session(), arguments.schema, *usual_shares(learned))


def _write(arguments: Arguments, name: str, rows: pl.DataFrame) -> None:
    report = bh.write_table(arguments.table(name), rows, mode="overwrite")
    print(f"{report.table} version {report.version}: {report.rows:,} flights, {rows['late'].mean():.0%} of them late")
