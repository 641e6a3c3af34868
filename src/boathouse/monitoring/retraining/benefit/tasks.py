"""The trial as a task: entry point of the package ``boathouse`` for a ``python_wheel_task``. It leaves what it found as
the task value ``benefit``, where the loop reads it."""

import argparse
import json
import sys

from boathouse.foundation.rest import Connection, RestClient
from boathouse.foundation.shapes import fit

VALUE = "benefit"
CANDIDATE = "trial_model"
"""The task value by which a job of the project says where its trial is."""
TIMEOUT_SECONDS = 300.0


def check_benefit() -> None:
    """Compare the champion ``--version`` of ``--model`` with itself fitted anew, or with ``--candidate``, by the
    settings of ``--benefit`` (JSON), as things stood ``--as_of``."""
    parser = argparse.ArgumentParser(prog="check_benefit", allow_abbrev=False)
    parser.add_argument("--model", required=True)
    parser.add_argument("--version", type=int, required=True)
    parser.add_argument("--benefit", default="{}")
    parser.add_argument("--candidate", default="")
    parser.add_argument("--as_of", default="")
    given = parser.parse_args()

    from boathouse.foundation.names import ModelName
    from boathouse.models.deployment.evaluating import subject_of
    from boathouse.monitoring.retraining.benefit.judging import judged
    from boathouse.monitoring.retraining.benefit.measuring import TrialOrder, measured
    from boathouse.monitoring.retraining.policy import Benefit
    from boathouse.session import default_session, task_values

    asked = fit(Benefit, json.loads(given.benefit), what="What is asked of the trial")
    name = ModelName.parse(given.model)
    client = RestClient(Connection.from_surroundings(), timeout_seconds=TIMEOUT_SECONDS)
    requirements = subject_of(client, name, given.version).requirements
    order = TrialOrder(name, given.version, requirements, asked, given.candidate or None, given.as_of or None)
    found = measured(default_session(), order)
    task_values.set(VALUE, found.to_json())
    sys.stdout.write(f"{judged(asked, found).reason}\n")
