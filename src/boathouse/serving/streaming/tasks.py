"""Scoring a table's changes as a task of a (continuous) job: an entry point of the package ``boathouse``.

Example:
    continuous: {pause_status: UNPAUSED}
    tasks:
      - task_key: score
        python_wheel_task:
          package_name: boathouse
          entry_point: score_stream
          named_parameters: {name: delays, model: prod.flights.delay@champion, source: prod.flights.planned,
                             output: prod.flights.planned_delays, trigger: processing_time}
"""

import argparse
import sys

from boathouse.foundation.spans import parse_span
from boathouse.serving.batch.nouns import PREDICTION
from boathouse.serving.batch.tasks import names
from boathouse.serving.streaming.nouns import Begin, OnChange, Round, Stream, Trigger


def score_stream() -> None:
    """Score the changes of ``--source`` with ``--model`` into ``--output``; the others as ``boathouse stream run`` has
    them."""
    parser = argparse.ArgumentParser(prog="score_stream", allow_abbrev=False)
    for needed in ("name", "model", "source", "output"):
        parser.add_argument(f"--{needed}", required=True)
    parser.add_argument("--trigger", choices=[each.value for each in Trigger], default=Trigger.AVAILABLE_NOW.value)
    parser.add_argument("--every", default="1s")
    parser.add_argument(
        "--on-change", "--on_change", dest="on_change", choices=[each.value for each in OnChange],
        default=OnChange.ERROR.value,
    )  # fmt: skip
    parser.add_argument("--begin", choices=[each.value for each in Begin], default=Begin.EARLIEST.value)
    parser.add_argument("--key")
    parser.add_argument("--keep")
    parser.add_argument("--prediction", default=PREDICTION)
    given = parser.parse_args()

    from boathouse.serving.streaming.running import run
    from boathouse.session import default_session

    stream = Stream(
        given.name, given.model, given.source, given.output, OnChange(given.on_change), names(given.key) or (),
        Begin(given.begin), names(given.keep), given.prediction,
    )  # fmt: skip
    seconds = parse_span(given.every).total_seconds()
    rows = run(default_session(), stream, Trigger(given.trigger), every_seconds=seconds, told=tell)
    sys.stdout.write(f"{rows:,} rows scored.\n")


def tell(done: Round) -> None:
    """What a round has done, as a line of the log."""
    sys.stdout.write(
        f"{done.rows:,} rows, up to version {done.upto} of the source, by version {done.model_version} of the model, "
        f"in version {done.output_version} of the output.\n"
    )
    sys.stdout.flush()
