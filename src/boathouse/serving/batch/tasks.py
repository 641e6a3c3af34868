"""Scoring in batch as a task of a job: an entry point of the package ``boathouse`` for a ``python_wheel_task``.

Example:
    tasks:
      - task_key: score
        python_wheel_task:
          package_name: boathouse
          entry_point: score_batch
          named_parameters:
            model: prod.flights.delay@champion
            input: prod.flights.tomorrow
            output: prod.flights.delay_predictions
"""

import argparse
import os
import sys

from boathouse.serving.batch.nouns import PREDICTION, Mode, Scored, Scoring


def score_batch() -> None:
    """Score ``--input`` (a table, or a query) with ``--model`` into ``--output``; ``--mode``, ``--key``, ``--table``,
    ``--keep``, ``--prediction`` and ``--result-type`` as ``boathouse score`` has them, columns with commas between."""
    parser = argparse.ArgumentParser(prog="score_batch", allow_abbrev=False)
    parser.add_argument("--model", "--model-uri", "--model_uri", dest="model", required=True)
    parser.add_argument("--input", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--mode", choices=[each.value for each in Mode], default=Mode.APPEND.value)
    parser.add_argument("--key")
    parser.add_argument("--table")
    parser.add_argument("--keep")
    parser.add_argument("--prediction", default=PREDICTION)
    parser.add_argument("--result-type", "--result_type", dest="result_type")
    given = parser.parse_args()

    from boathouse.serving.batch.running import score
    from boathouse.session import default_session

    wanted = Scoring(
        given.model, given.input, given.output, Mode(given.mode), names(given.key) or (), given.table or None,
        names(given.keep), given.prediction, given.result_type or None, run_key_of_surroundings(),
    )  # fmt: skip
    sys.stdout.write(f"{told(score(default_session(), wanted))}\n")


def run_key_of_surroundings() -> str | None:
    """The task and the run that this process works for: all its attempts have one."""
    run, task = os.environ.get("BOATHOUSE_RUN_ID"), os.environ.get("BOATHOUSE_TASK_KEY")
    return f"run-{run}/{task}" if run and task else None


def names(text: str | None) -> tuple[str, ...] | None:
    """Columns, with commas between."""
    return tuple(each.strip() for each in text.split(",") if each.strip()) if text else None


def told(done: Scored) -> str:
    """What came of it, in a line."""
    who = f"{done.model}@{done.version}"
    if done.is_repeated:
        return f"{done.output} has the predictions of this run already; nothing was done."
    where = done.output if done.table_version is None else f"{done.output}, version {done.table_version}"
    return f"{done.rows:,} rows scored with {who} into {where}."
