"""OpenTelemetry's way in: spans arrive for the experiment that a header names."""

from boathouse.models.policy.call import Call
from boathouse.models.policy.desk import WRITE, Desk, Target

EXPERIMENT_HEADER = "x-mlflow-experiment-id"
RUN_HEADER = "x-mlflow-run-id"


def may_export(desk: Desk, call: Call) -> Target:
    """The experiment of the header; the run too, if one is named."""
    target = desk.experiment(WRITE, call.headers.get(EXPERIMENT_HEADER, ""))
    if run_id := call.headers.get(RUN_HEADER):
        desk.run(WRITE, run_id)
    return target
