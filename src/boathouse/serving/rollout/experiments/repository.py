"""Experiments as rows."""

import json
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from boathouse.serving.endpoints.policy import Experiment
from boathouse.serving.rollout.experiments.nouns import ExperimentState, Running
from boathouse.serving.rollout.schema import experiments

_PLAIN = ("experiment_id", "endpoint_id", "endpoint", "began_at", "revision", "looked_at", "ended_at", "evidence_id")


def running(connection: Connection, endpoint_id: str | None = None) -> list[Running]:
    query = select(experiments).where(experiments.c.state == ExperimentState.RUNNING.value)
    if endpoint_id is not None:
        query = query.where(experiments.c.endpoint_id == endpoint_id)
    return [_running(row) for row in connection.execute(query.order_by(experiments.c.began_at))]


def of(connection: Connection, endpoint_id: str, *, limit: int = 20) -> list[Running]:
    """Those of an endpoint, newest first."""
    query = select(experiments).where(experiments.c.endpoint_id == endpoint_id)
    found = connection.execute(query.order_by(experiments.c.began_at.desc(), experiments.c.experiment_id).limit(limit))
    return [_running(row) for row in found]


def without_evidence(connection: Connection) -> list[Running]:
    """Those that have ended with a report and stand in no evidence yet."""
    query = select(experiments).where(
        experiments.c.ended_at.is_not(None), experiments.c.evidence_id.is_(None), experiments.c.report.is_not(None)
    )
    return [_running(row) for row in connection.execute(query)]


def add(connection: Connection, experiment: Running) -> None:
    connection.execute(insert(experiments).values(**_values(experiment)))


def change(connection: Connection, experiment: Running, *, seen: int) -> bool:
    """Write an experiment that was seen at a revision; False: somebody has changed it since."""
    done = connection.execute(
        update(experiments)
        .where(experiments.c.experiment_id == experiment.experiment_id, experiments.c.revision == seen)
        .values(**_values(experiment))
    )
    return done.rowcount == 1


def set_evidence(connection: Connection, experiment: Running, evidence_id: str) -> None:
    """Nothing is left to do after the end of an experiment; its report tells what was done."""
    values = {"evidence_id": evidence_id, "report": json.dumps(experiment.report)}
    connection.execute(
        update(experiments).where(experiments.c.experiment_id == experiment.experiment_id).values(**values)
    )


def _values(experiment: Running) -> dict[str, Any]:
    declared = {"experiment": experiment.declared.model_dump(mode="json"), "arms": list(experiment.arms)}
    return {
        **{name: getattr(experiment, name) for name in _PLAIN},
        "declared": json.dumps(declared),
        "state": experiment.state.value,
        "report": None if experiment.report is None else json.dumps(experiment.report),
    }


def _running(row: Row[Any]) -> Running:
    declared = json.loads(row.declared)
    return Running(
        declared=Experiment.model_validate(declared["experiment"]),
        arms=tuple(declared["arms"]),
        state=ExperimentState(row.state),
        report=None if row.report is None else json.loads(row.report),
        **{name: getattr(row, name) for name in _PLAIN},
    )
