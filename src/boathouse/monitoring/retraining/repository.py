"""The rows of this room. Policies are kept in time; a loop's state changes by compare and set, so that of two that look
at once only one decides."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from boathouse.foundation.shapes import fit
from boathouse.metastore import Database
from boathouse.metastore.upserting import insert_missing
from boathouse.monitoring.retraining.nouns import (
    UNDER_WAY,
    WATCHED,
    Brake,
    Choice,
    Decision,
    LoopState,
    Revision,
    State,
)
from boathouse.monitoring.retraining.policy import RetrainingPolicy, TriggerKind
from boathouse.monitoring.retraining.schema import retraining_decisions, retraining_policies, retraining_states

_p, _s, _d = retraining_policies.c, retraining_states.c, retraining_decisions.c
_TEXTS = ("figures", "brakes", "benefit")
"""Columns that hold JSON."""


# --- policies


def policy(connection: Connection, model: str) -> Revision | None:
    """What holds of a model."""
    row = connection.execute(select(retraining_policies).where(_p.model == model, _p.valid_to.is_(None))).one_or_none()
    return None if row is None else _revision(row)


def policies(connection: Connection) -> list[Revision]:
    """What holds, of all models."""
    query = select(retraining_policies).where(_p.valid_to.is_(None)).order_by(_p.model)
    return [_revision(row) for row in connection.execute(query)]


def revisions(connection: Connection, model: str, limit: int) -> list[Revision]:
    """Newest first."""
    query = select(retraining_policies).where(_p.model == model).order_by(_p.revision.desc()).limit(limit)
    return [_revision(row) for row in connection.execute(query)]


def put_policy(connection: Connection, model: str, said: RetrainingPolicy, principal: str, now: int) -> Revision:
    """Close what holds, and add the next revision."""
    end_policy(connection, model, now)
    number = (connection.execute(select(func.max(_p.revision)).where(_p.model == model)).scalar() or 0) + 1
    document = json.dumps(document_of(said), ensure_ascii=False)
    connection.execute(
        insert(retraining_policies).values(
            model=model, revision=number, document=document, principal=principal, valid_from=now
        )
    )
    return Revision(model, number, said, principal, now)


def end_policy(connection: Connection, model: str, now: int) -> None:
    held = (_p.model == model, _p.valid_to.is_(None))
    connection.execute(update(retraining_policies).where(*held).values(valid_to=now))


def document_of(said: RetrainingPolicy) -> dict[str, Any]:
    """A policy as it is stored, compared and shown: what was said, without defaults."""
    return said.model_dump(mode="json", exclude_defaults=True)


def _revision(row: Row[Any]) -> Revision:
    what = f"Revision {row.revision} of the retraining of {row.model}"
    said = fit(RetrainingPolicy, json.loads(row.document), what=what)
    return Revision(row.model, row.revision, said, row.principal, row.valid_from, row.valid_to)


# --- what is remembered


def state(connection: Connection, model: str) -> LoopState:
    """What is remembered of a loop; of a new one, nothing."""
    row = connection.execute(select(retraining_states).where(_s.model == model)).one_or_none()
    if row is None:
        return LoopState(model)
    plain = {name: getattr(row, name) for name in LoopState.__slots__ if name != "memory"}
    return LoopState(memory=json.loads(row.memory), **plain)


def begin_state(connection: Connection, model: str, position: int) -> None:
    """Begin to remember, unless that has begun: what happened before is no news."""
    begun = LoopState(model, position)
    insert_missing(connection, retraining_states, [_state_columns(begun)])


def begin_anew(connection: Connection, model: str, position: int) -> None:
    """Forget what triggers have seen: what happened while nobody looked is no news. A freeze stays one."""
    begin_state(connection, model, position)
    values = {"position": position, "memory": "{}", "version": _s.version + 1}
    connection.execute(update(retraining_states).where(_s.model == model).values(values))


def keep_state(connection: Connection, kept: LoopState) -> bool:
    """Keep what was changed of the state that had the same version; False: somebody was faster."""
    values = _state_columns(kept) | {"version": kept.version + 1}
    same = (_s.model == kept.model, _s.version == kept.version)
    return connection.execute(update(retraining_states).where(*same).values(values)).rowcount > 0


def _state_columns(kept: LoopState) -> dict[str, Any]:
    plain = {name: getattr(kept, name) for name in LoopState.__slots__ if name != "memory"}
    return plain | {"memory": json.dumps(dict(kept.memory), ensure_ascii=False)}


# --- decisions


def add_decision(connection: Connection, made: Decision) -> int:
    """Write a decision down; gives its number."""
    values = _decision_columns(made)
    del values["decision_id"]
    made_as = connection.execute(insert(retraining_decisions).values(values)).inserted_primary_key
    assert made_as is not None
    return int(made_as[0])


def change_decision(connection: Connection, changed: Decision, was: State) -> bool:
    """Keep how far a decision was carried out, unless somebody else has carried it further meanwhile."""
    same = (_d.decision_id == changed.decision_id, _d.state == was.value)
    values = _decision_columns(changed)
    del values["decision_id"]
    return connection.execute(update(retraining_decisions).where(*same).values(values)).rowcount > 0


def decision(connection: Connection, decision_id: int) -> Decision | None:
    row = connection.execute(select(retraining_decisions).where(_d.decision_id == decision_id)).one_or_none()
    return None if row is None else _decision(row)


def decided(connection: Connection, model: str, signal_key: str) -> Decision | None:
    """What was decided on a signal."""
    mine = (_d.model == model, _d.signal_key == signal_key)
    row = connection.execute(select(retraining_decisions).where(*mine)).one_or_none()
    return None if row is None else _decision(row)


def decisions(connection: Connection, model: str, limit: int, before: int | None = None) -> list[Decision]:
    """Those of a model, newest first."""
    query = select(retraining_decisions).where(_d.model == model)
    if before is not None:
        query = query.where(_d.decision_id < before)
    return [_decision(row) for row in connection.execute(query.order_by(_d.decision_id.desc()).limit(limit))]


def last_of_trigger(connection: Connection, model: str, trigger: str) -> Decision | None:
    """The newest decision on a trigger's signals."""
    query = select(retraining_decisions).where(_d.model == model, _d.trigger == trigger)
    row = connection.execute(query.order_by(_d.decision_id.desc()).limit(1)).one_or_none()
    return None if row is None else _decision(row)


def under_way(connection: Connection, model: str) -> Decision | None:
    """The decision of a model that is being carried out; None: none is."""
    query = select(retraining_decisions).where(_d.model == model, _d.state.in_(_values(UNDER_WAY)))
    row = connection.execute(query.order_by(_d.decision_id.desc()).limit(1)).one_or_none()
    return None if row is None else _decision(row)


def to_go_on(connection: Connection, now: int, limit: int = 100) -> list[Decision]:
    """What is being carried out and may be looked at now, oldest first."""
    query = select(retraining_decisions).where(_d.state.in_(_values(WATCHED)), _d.next_at <= now)
    return [_decision(row) for row in connection.execute(query.order_by(_d.next_at, _d.decision_id).limit(limit))]


def spent_since(connection: Connection, model: str, instant: int) -> list[Decision]:
    """Decisions after an instant for which something ran, oldest first."""
    ran = _d.run_id.is_not(None) | _d.check_run_id.is_not(None) | _d.trial_run_id.is_not(None)
    starting = _d.state.in_([State.STARTING.value, State.TRYING.value, State.CHECKING.value])
    query = select(retraining_decisions).where(_d.model == model, _d.instant > instant, ran | starting)
    return [_decision(row) for row in connection.execute(query.order_by(_d.decision_id))]


def last_run(connection: Connection, model: str) -> Decision | None:
    """The latest decision for which something ran: a training, or a trial that spoke against one."""
    ran = (_d.choice == Choice.STARTED.value) | (_d.brake == Brake.BENEFIT.value)
    query = select(retraining_decisions).where(_d.model == model, ran)
    row = connection.execute(query.order_by(_d.instant.desc(), _d.decision_id.desc()).limit(1)).one_or_none()
    return None if row is None else _decision(row)


def last_started(connection: Connection, model: str) -> int:
    """The number of the last decision that started a training; 0: none has."""
    started = select(func.max(_d.decision_id)).where(_d.model == model, _d.choice == Choice.STARTED.value)
    return connection.execute(started).scalar() or 0


def newest_decision(connection: Connection, model: str) -> int:
    """The number of a model's newest decision; 0: there is none."""
    return connection.execute(select(func.max(_d.decision_id)).where(_d.model == model)).scalar() or 0


def revision(connection: Connection, model: str, number: int) -> Revision | None:
    row = connection.execute(select(retraining_policies).where(_p.model == model, _p.revision == number)).one_or_none()
    return None if row is None else _revision(row)


def outcomes(connection: Connection, model: str, after: int, limit: int = 1000) -> list[State]:
    """What became of the trainings that were started after a decision, newest first."""
    query = select(_d.state).where(_d.model == model, _d.decision_id > after, _d.choice == Choice.STARTED.value)
    found = connection.execute(query.order_by(_d.decision_id.desc()).limit(limit)).scalars()
    return [State(each) for each in found]


def every_decision(connection: Connection, models: Sequence[str] | None) -> list[Decision]:
    """All there are, of some models or of any, in the order in which they were made."""
    query = select(retraining_decisions).order_by(_d.decision_id)
    if models is not None:
        query = query.where(_d.model.in_(models))
    return [_decision(row) for row in connection.execute(query)]


def models_with_decisions(connection: Connection) -> list[str]:
    return list(connection.execute(select(_d.model).distinct()).scalars())


def _decision_columns(made: Decision) -> dict[str, Any]:
    found = {name: getattr(made, name) for name in Decision.__slots__}
    for name in ("kind", "choice", "state", "brake"):
        found[name] = None if found[name] is None else found[name].value
    for name in _TEXTS:
        found[name] = None if found[name] is None else json.dumps(found[name], ensure_ascii=False, default=str)
    return found


def _decision(row: Row[Any]) -> Decision:
    found = {name: getattr(row, name) for name in Decision.__slots__}
    found["kind"], found["choice"] = TriggerKind(row.kind), Choice(row.choice)
    found["state"] = State(row.state)
    found["brake"] = None if row.brake is None else Brake(row.brake)
    found["figures"], found["brakes"] = json.loads(row.figures), tuple(json.loads(row.brakes))
    found["benefit"] = None if row.benefit is None else json.loads(row.benefit)
    return Decision(**found)


def _values(states: Iterable[State]) -> list[str]:
    return sorted(each.value for each in states)


# --- following a model


class RetrainingFollower:
    """Lets the rows follow a model that is renamed, and end with one that is gone; decisions stay to be read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def renamed(self, connection: Connection, name: str, new_name: str) -> None:
        # What a deleted model of that name has left keeps its numbers and keys; ours come after them.
        taken = connection.execute(select(func.max(_p.revision)).where(_p.model == new_name)).scalar() or 0
        values = {"model": new_name, "revision": _p.revision + taken}
        connection.execute(update(retraining_policies).where(_p.model == name).values(values))
        connection.execute(delete(retraining_states).where(_s.model == new_name))
        connection.execute(update(retraining_states).where(_s.model == name).values(model=new_name))
        old = select(_d.signal_key).where(_d.model == new_name).scalar_subquery()
        clash = (_d.model == name) & _d.signal_key.in_(old)
        told = _d.signal_key + " (" + name + ")"
        connection.execute(update(retraining_decisions).where(clash).values(signal_key=told))
        connection.execute(update(retraining_decisions).where(_d.model == name).values(model=new_name))

    def version_gone(self, connection: Connection, name: str, version: int) -> None:
        """What was decided stays."""

    def model_gone(self, connection: Connection, name: str) -> None:
        row = connection.execute(select(func.max(_p.valid_from)).where(_p.model == name)).scalar()
        if row is not None:
            end_policy(connection, name, row)
        connection.execute(delete(retraining_states).where(_s.model == name))
        gone = {"state": State.DECLINED.value, "outcome": "The model was deleted meanwhile."}
        open_ = (_d.model == name, _d.state.in_(_values(WATCHED)))
        connection.execute(update(retraining_decisions).where(*open_).values(gone))
