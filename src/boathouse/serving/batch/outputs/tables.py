# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Into a governed table: one commit, once per run, with the version of the model and what it read as its origin."""

from collections.abc import Sequence

from boathouse.catalog import ColumnFlow, LineageEdge, LineageNode, NodeKind
from boathouse.foundation.errors import AlreadyExists, Conflict, InvalidInput, NotFound
from boathouse.foundation.names import TableName
from boathouse.lake.commits import Turn
from boathouse.serving.batch.nouns import MODEL_VERSION, Mode, Scoring
from boathouse.serving.batch.scoring import ScoredRows
from boathouse.session import Session
from boathouse.session.running.writes import TableShape

SCORED = "SCORE"
"""The operation on edges from what was scored, and by which version, to the predictions."""
_WRITER = "boathouse.score_batch"


def has_landed(session: Session, wanted: Scoring) -> bool:
    """Whether an attempt of the same run has written its rows already."""
    if wanted.run_key is None or wanted.mode is not Mode.APPEND:
        return False
    try:
        appender = session.open_appender(TableName.parse(wanted.output))
    except NotFound:
        return False
    return _turn(wanted.run_key).writer in appender.taken([_turn(wanted.run_key).writer])


def write(session: Session, wanted: Scoring, rows: ScoredRows) -> int | None:
    """Write all rows in one commit; its version, or None when another attempt of the same run was faster.

    Raises:
        NotFound, Denied: The table cannot be written.
        InvalidInput: The rows do not fit it.
    """
    name = TableName.parse(wanted.output)
    match wanted.mode:
        case Mode.APPEND:
            return _append(session, name, wanted.run_key, rows)
        case Mode.OVERWRITE:
            return session.write_table(name, rows.reader(), mode="overwrite", schema_mode="overwrite").version
        case Mode.MERGE:
            if not wanted.key:
                raise InvalidInput("Rows are merged by a key.", hint="Name its columns: key (--key).")
            _make(session, name, rows)
            return session.write_table(name, rows.reader(), mode="merge", merge_on=list(wanted.key)).version


def draw_lineage(session: Session, target: LineageNode, model: LineageNode, sources: Sequence[LineageNode]) -> None:
    """Remember which version of the model made the rows, and of what."""
    flow = ColumnFlow(direct={MODEL_VERSION: ()})
    edges = [LineageEdge(model, target, SCORED, columns=flow), *(LineageEdge(each, target, SCORED) for each in sources)]
    session.law.record_lineage(session.principal, edges)


def model_node(name: str, version: int) -> LineageNode:
    return LineageNode(NodeKind.MODEL_VERSION, name, version)


def _append(session: Session, name: TableName, run_key: str | None, rows: ScoredRows) -> int | None:
    _make(session, name, rows)
    appender = session.open_appender(name)
    turns = [] if run_key is None else [_turn(run_key)]
    try:
        return appender.append(rows.reader(), turns)
    except Conflict:
        if turns and appender.taken([turns[0].writer]):
            return None
        raise


def _make(session: Session, name: TableName, rows: ScoredRows) -> None:
    """The table, if it is not there."""
    try:
        session.law.table(session.principal, name)
    except NotFound:
        try:
            session.create_table(name, TableShape(rows.schema, comment="Predictions, scored in batch."))
        except AlreadyExists:
            return  # somebody else was faster


def _turn(run_key: str) -> Turn:
    return Turn(f"{_WRITER}/{run_key}", 1)
