"""The outcomes of an A/B test: who was answered by which entity, from the inference table, and what became of them.

A key counts for the entity that answered it, from its first answer on. Keys that several entities have answered, after
a change of shares or because of a canary, count for none; how many those are is told. The outcome of a key is the first
one that became known after its first answer: one per key, and never another one later.

Whether keys are shared as the routes say is another question: there an entity's canary is a part of the entity, whose
share it takes from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from boathouse.foundation.names import TableName, quote_part
from boathouse.serving.capture.layout import IN, column_name
from boathouse.serving.endpoints.policy import Experiment
from boathouse.serving.rollout.experiments.nouns import Outcomes
from boathouse.serving.rollout.experiments.sequences import Arm
from boathouse.session import Session

_OTHER = "another"
"""What an entity is called that takes no part: a canary, or one that the endpoint has forgotten."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the answers of an experiment are."""

    predictions: TableName
    names: Mapping[str, str]
    """The names of served entities by the ids that answers carry."""
    since: datetime
    shares_since: datetime
    """Since when the shares are what they are."""


def gather(session: Session, declared: Experiment, source: Source) -> Outcomes:
    """Count keys and sum outcomes.

    Raises:
        NotFound, Denied: The table of outcomes is not there, or its reader may not read it.
        InvalidInput: It lacks a column.
    """
    parameters: dict[str, Any] = {"since": source.since, "shares_since": source.shares_since}
    keyed = _keyed(declared, source.predictions, _entity_expression(source.names, parameters))
    counted = session.sql(
        f"WITH {keyed} SELECT arms, arm, entities, entity, count(*) AS n, "
        "sum(CASE WHEN first_at >= :shares_since THEN 1 ELSE 0 END) AS recent FROM keyed "
        "GROUP BY arms, arm, entities, entity",
        parameters,
    ).arrow()
    single: dict[str, int] = {}
    recent: dict[str, int] = {}
    excluded = 0
    for row in counted.to_pylist():
        if row["entities"] == 1 and row["entity"] != _OTHER:
            recent[row["entity"]] = recent.get(row["entity"], 0) + row["recent"]
        if row["arms"] > 1 or row["arm"] == _OTHER:
            excluded += row["n"]
        else:
            single[row["arm"]] = single.get(row["arm"], 0) + row["n"]
    measured = [declared.outcome, *declared.guards]
    summed = session.sql(
        f"WITH {keyed}, {_known(declared, measured)} SELECT arm, {', '.join(_sums(at) for at in range(len(measured)))} "
        "FROM known WHERE place = 1 GROUP BY arm",
        parameters,
    ).arrow()
    rows = {row["arm"]: row for row in summed.to_pylist()}
    found = [
        {name: _arm(name, keys, rows.get(name), at) for name, keys in single.items()} for at in range(len(measured))
    ]
    return Outcomes(
        arms=found[0],
        guards=dict(zip(declared.guards, found[1:], strict=True)),
        excluded=excluded,
        first_keys=recent,
    )


def _keyed(declared: Experiment, table: TableName, entity: str) -> str:
    """One row per key: how many arms and entities have answered it, which ones, and when first."""
    arm = f"CASE WHEN p.route = 'canary' THEN '{_OTHER}' ELSE {entity} END"
    columns = [f"p.{quote_part(column_name(IN, name))}" for name in declared.key]
    keys = ", ".join(f"{column} AS k{at}" for at, column in enumerate(columns))
    there = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    names = ", ".join(f"k{at}" for at in range(len(columns)))
    return (
        f"answered AS (SELECT {keys}, {arm} AS arm, {entity} AS entity, p.request_time AS answered_at "
        f"FROM {table.quoted()} AS p "
        f"WHERE p.request_time >= :since AND p.route IN ('control', 'treatment', 'canary') AND {there}), "
        f"keyed AS (SELECT {names}, count(DISTINCT arm) AS arms, min(arm) AS arm, "
        "count(DISTINCT entity) AS entities, min(entity) AS entity, min(answered_at) AS first_at "
        f"FROM answered GROUP BY {names})"
    )


def _known(declared: Experiment, measured: Sequence[str]) -> str:
    """One row per outcome of a key that one entity alone has answered, in the order in which they became known."""
    time = f"o.{quote_part(declared.outcome_time)}"
    outcomes = TableName.parse(declared.outcomes).quoted()
    on = " AND ".join(f"o.{quote_part(name)} = keyed.k{at}" for at, name in enumerate(declared.key))
    names = ", ".join(f"keyed.k{at}" for at in range(len(declared.key)))
    values = ", ".join(f"CAST(o.{quote_part(name)} AS DOUBLE) AS v{at}" for at, name in enumerate(measured))
    return (
        f"known AS (SELECT keyed.arm, {values}, row_number() OVER (PARTITION BY {names} ORDER BY {time}) AS place "
        f"FROM keyed JOIN {outcomes} AS o ON {on} WHERE keyed.arms = 1 AND {time} >= keyed.first_at "
        f"AND o.{quote_part(declared.outcome)} IS NOT NULL)"
    )


def _sums(at: int) -> str:
    value = f"v{at}"
    return (
        f"count({value}) AS n{at}, avg({value}) AS mean{at}, var_samp({value}) AS variance{at}, "
        f"min(CASE WHEN {value} = 0 OR {value} = 1 THEN 1 ELSE 0 END) AS binary{at}"
    )


def _entity_expression(names: Mapping[str, str], parameters: dict[str, Any]) -> str:
    """The served entity's name; the ids come as parameters."""
    cases: list[str] = []
    for at, (entity_id, name) in enumerate(sorted(names.items())):
        parameters[f"e{at}"], parameters[f"e{at}_name"] = entity_id, name
        cases.append(f"WHEN p.served_entity_id = :e{at} THEN :e{at}_name")
    if not cases:
        return f"'{_OTHER}'"
    return f"CASE {' '.join(cases)} ELSE '{_OTHER}' END"


def _arm(name: str, keys: int, row: Mapping[str, Any] | None, at: int) -> Arm:
    if row is None or not row[f"n{at}"]:
        return Arm(name, keys)
    return Arm(
        name, keys, row[f"n{at}"], float(row[f"mean{at}"]), float(row[f"variance{at}"] or 0.0), bool(row[f"binary{at}"])
    )
