"""Rollouts as rows: each change is a compare and set, so that of two who step only one does."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from boathouse.metastore.upserting import insert_into
from boathouse.serving.endpoints.policy import Canary
from boathouse.serving.rollout.nouns import Finding, Rollout, RolloutState, Ruling, Served, Step, StepKind, Stood
from boathouse.serving.rollout.schema import rollout_steps, rollouts, standing_versions

_SERVED = ("endpoint_id", "endpoint", "entity", "model", "alias")
_PLAIN = ("rollout_id", "from_version", "to_version", "step", "began_at", "step_began_at", "begun_by", "revision",
          "ended_at", "why", "alias_is_due")  # fmt: skip


# --- what stands


def standing(connection: Connection, endpoint_id: str) -> dict[str, Stood]:
    """What stands for each served entity."""
    table = standing_versions
    query = select(table.c.entity, table.c.model, table.c.version, table.c.rejected)
    found = connection.execute(query.where(table.c.endpoint_id == endpoint_id))
    return {row.entity: Stood(row.model, row.version, row.rejected) for row in found}


def let_stand(connection: Connection, served: Served, stood: Stood, now: int) -> None:
    change = {"model": stood.model, "version": stood.version, "rejected": stood.rejected, "since": now}
    keys = {"endpoint_id": served.endpoint_id, "entity": served.entity}
    statement = insert_into(connection, standing_versions).values(**keys, **change)
    connection.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=change))


def forget_standing(connection: Connection, endpoint_id: str, entities: Iterable[str]) -> None:
    table = standing_versions
    connection.execute(delete(table).where(table.c.endpoint_id == endpoint_id, table.c.entity.in_(list(entities))))


# --- rollouts


def add(connection: Connection, rollout: Rollout) -> None:
    connection.execute(insert(rollouts).values(**_values(rollout)))


def change(connection: Connection, rollout: Rollout, *, seen: int) -> bool:
    """Write a rollout that was seen at a revision; False: somebody has changed it since."""
    table = rollouts
    values = _values(rollout)
    if rollout.revision != seen:
        values["tallies"] = None  # counts begin anew with each step
    done = connection.execute(
        update(table).where(table.c.rollout_id == rollout.rollout_id, table.c.revision == seen).values(**values)
    )
    return done.rowcount == 1


def note(connection: Connection, rollout: Rollout, why: str, tallies: Mapping[str, Any] | None) -> None:
    """What a look has said and counted; changes nothing that anybody steps by."""
    table = rollouts
    connection.execute(
        update(table)
        .where(table.c.rollout_id == rollout.rollout_id, table.c.revision == rollout.revision)
        .values(why=why, tallies=None if tallies is None else json.dumps(tallies))
    )


def tallies(connection: Connection, rollout_id: str) -> dict[str, Any] | None:
    text = connection.execute(select(rollouts.c.tallies).where(rollouts.c.rollout_id == rollout_id)).scalar()
    return None if text is None else json.loads(text)


def find(connection: Connection, rollout_id: str) -> Rollout | None:
    row = connection.execute(select(rollouts).where(rollouts.c.rollout_id == rollout_id)).first()
    return None if row is None else _rollout(row)


def running(connection: Connection, endpoint_id: str | None = None) -> list[Rollout]:
    """Those under way, of one endpoint or of all."""
    query = select(rollouts).where(rollouts.c.state == RolloutState.RUNNING.value)
    if endpoint_id is not None:
        query = query.where(rollouts.c.endpoint_id == endpoint_id)
    return [_rollout(row) for row in connection.execute(query.order_by(rollouts.c.began_at))]


def of(connection: Connection, endpoint_id: str, *, limit: int = 50) -> list[Rollout]:
    """Those of an endpoint, newest first."""
    query = select(rollouts).where(rollouts.c.endpoint_id == endpoint_id)
    found = connection.execute(query.order_by(rollouts.c.began_at.desc(), rollouts.c.rollout_id).limit(limit))
    return [_rollout(row) for row in found]


def with_alias_due(connection: Connection) -> list[Rollout]:
    return [_rollout(row) for row in connection.execute(select(rollouts).where(rollouts.c.alias_is_due.is_(True)))]


# --- steps


def add_step(connection: Connection, step: Step) -> None:
    connection.execute(
        insert(rollout_steps).values(
            rollout_id=step.rollout_id, kind=step.kind.value, at=step.at, principal=step.principal,
            from_percent=step.from_percent, to_percent=step.to_percent, reason=step.reason,
            findings=json.dumps([finding_json(each) for each in step.findings]),
        )
    )  # fmt: skip


def steps(connection: Connection, rollout_ids: Sequence[str]) -> list[Step]:
    """In the order in which they happened."""
    table = rollout_steps
    query = select(table).where(table.c.rollout_id.in_(list(rollout_ids))).order_by(table.c.step_id)
    return [_step(row) for row in connection.execute(query)]


def alias_done(connection: Connection, rollout_id: str, why: str) -> None:
    """The alias was moved back, or cannot be."""
    table = rollouts
    connection.execute(update(table).where(table.c.rollout_id == rollout_id).values(alias_is_due=False, why=why))


def without_evidence(connection: Connection, limit: int = 50) -> list[tuple[Step, Rollout]]:
    """Steps that have yet to be written into their model's evidence."""
    query = select(rollout_steps).where(rollout_steps.c.evidence_id.is_(None)).order_by(rollout_steps.c.step_id)
    found = [_step(row) for row in connection.execute(query.limit(limit))]
    by_id = {each: find(connection, each) for each in {step.rollout_id for step in found}}
    return [(step, rollout) for step in found if (rollout := by_id[step.rollout_id]) is not None]


def set_evidence(connection: Connection, step_id: int, evidence_id: str) -> None:
    table = rollout_steps
    connection.execute(update(table).where(table.c.step_id == step_id).values(evidence_id=evidence_id))


class RolloutFollower:
    """Lets the rows follow a model that is renamed; what happened stays written."""

    def renamed(self, connection: Connection, name: str, new_name: str) -> None:
        for table in (rollouts, standing_versions):
            connection.execute(update(table).where(table.c.model == name).values(model=new_name))

    def version_gone(self, connection: Connection, name: str, version: int) -> None: ...

    def model_gone(self, connection: Connection, name: str) -> None: ...


# --- rows


def finding_json(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule, "ruling": finding.ruling.value, "text": finding.text, "value": finding.value,
        "threshold": finding.threshold, "rows": finding.rows, "details": dict(finding.details),
    }  # fmt: skip


def _finding(data: Mapping[str, Any]) -> Finding:
    return Finding(
        data["rule"], Ruling(data["ruling"]), data["text"], data["value"], data["threshold"], data["rows"],
        data["details"],
    )  # fmt: skip


def _values(rollout: Rollout) -> dict[str, Any]:
    values = {name: getattr(rollout.served, name) for name in _SERVED}
    values |= {name: getattr(rollout, name) for name in _PLAIN}
    return values | {"canary": rollout.canary.model_dump_json(), "state": rollout.state.value}


def _rollout(row: Row[Any]) -> Rollout:
    return Rollout(
        served=Served(*(getattr(row, name) for name in _SERVED)),
        canary=Canary.model_validate_json(row.canary),
        state=RolloutState(row.state),
        **{name: getattr(row, name) for name in _PLAIN},
    )


def _step(row: Row[Any]) -> Step:
    return Step(
        row.step_id, row.rollout_id, StepKind(row.kind), row.at, row.principal, row.from_percent, row.to_percent,
        row.reason, tuple(_finding(each) for each in json.loads(row.findings)), row.evidence_id,
    )  # fmt: skip
