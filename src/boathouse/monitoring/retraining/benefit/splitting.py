"""Which labelled rows a trial learns from, and which it is compared on: the freshest, which nobody learns from."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boathouse.foundation.errors import InvalidInput
from boathouse.models.evaluation.predicates import check_predicate
from boathouse.models.evaluation.reading import TableAt, table_at
from boathouse.models.requirements.requirements import Requirements
from boathouse.monitoring.retraining.policy import Benefit
from boathouse.session import Session
from boathouse.session.session import quote_column

if TYPE_CHECKING:
    import polars as pl

FEWEST_TO_LEARN = 50


class NoTrial(InvalidInput):
    """There is nothing that a trial could be made with."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Labelled rows, divided by time."""

    learn: "pl.DataFrame"
    compare: "pl.DataFrame"
    table: TableAt
    label: str
    timestamp: str
    freshest_from: Any
    """The instant of the oldest row to compare on."""


def divided(session: Session, requirements: Requirements, asked: Benefit, as_of: str | None = None) -> Rows:
    """The newest labelled rows. Rows of one instant are never on both sides.

    Args:
        as_of: The present of a past that is replayed: what was asked later has not happened.

    Raises:
        NoTrial: There are too few, or nobody says which are the freshest.
    """
    source = requirements.evaluation
    table = table_at(session, asked.table or source.table)
    named = asked.timestamp or source.timestamp
    if named is None:
        raise NoTrial(
            f"Nobody says which rows of {table.name} are the freshest.",
            hint="Name the column: brakes.benefit.timestamp, or evaluation.timestamp of the model.",
        )
    timestamp, label = table.require(named, "its timestamp"), table.require(source.label, "the label")
    most = asked.train_rows + asked.test_rows
    found = _newest(session, table, label, timestamp, most, _condition(table, requirements, asked), as_of)
    share = int(len(found) * asked.test_share)
    wanted = asked.test_rows if len(found) == most else min(asked.test_rows, share)
    if wanted < asked.minimum_rows:
        raise NoTrial(
            f"{table.name} has {len(found):,} labelled rows; {asked.minimum_rows:,} are needed to compare on, which is "
            f"at most {asked.test_share:.0%} of them."
        )
    first = found[timestamp][wanted - 1]  # newest first
    compare, learn = found.filter(found[timestamp] >= first), found.filter(found[timestamp] < first)
    return Rows(learn.head(asked.train_rows), compare, table, label, timestamp, first)


def more_to_learn(session: Session, rows: Rows, requirements: Requirements, most: int) -> "pl.DataFrame":
    """What is to be learned from, with rows of the training table as far as there is room: only such as are older than
    what is compared on. A training table that does not say when its rows were is left alone."""
    import polars as pl

    name, room = requirements.evaluation.training_table, most - len(rows.learn)
    if name is None or room <= 0 or name.lower() == str(rows.table.name).lower():
        return rows.learn
    table = table_at(session, name)
    known = {each.casefold(): each for each in table.columns}
    label, timestamp = known.get(rows.label.casefold()), known.get(rows.timestamp.casefold())
    if label is None or timestamp is None:
        return rows.learn
    oldest = rows.learn[rows.timestamp].min() if len(rows.learn) else rows.freshest_from
    older = _newest(session, table, label, timestamp, room, None, None, before=oldest)
    if not len(older):
        return rows.learn
    same = [each for each in rows.learn.columns if each in older.columns]
    both = [rows.learn.select(same), older.select(same)]
    return pl.concat(both, how="vertical_relaxed")


def _condition(table: TableAt, requirements: Requirements, asked: Benefit) -> str | None:
    where = requirements.evaluation.where
    if where is None or asked.table is not None:
        return None
    check_predicate(where, table.columns)
    return where


def _newest(
    session: Session,
    table: TableAt,
    label: str,
    timestamp: str,
    most: int,
    where: str | None,
    as_of: str | None,
    *,
    before: Any = None,
) -> "pl.DataFrame":
    time = quote_column(timestamp)
    conditions = [f"{quote_column(label)} IS NOT NULL", f"{time} IS NOT NULL"]
    parameters: dict[str, Any] = {}
    if where is not None:
        conditions.append(f"({where}\n)")
    if as_of is not None:
        conditions.append(f"{time} < CAST(:as_of AS TIMESTAMP)")
        parameters["as_of"] = as_of
    if before is not None:
        conditions.append(f"{time} < :before")
        parameters["before"] = before
    text = (
        f"SELECT * FROM {table.name.quoted()} VERSION AS OF {table.version} WHERE {' AND '.join(conditions)} "
        f"ORDER BY {time} DESC LIMIT {most}"
    )
    return session.sql(text, parameters or None).pl()
