# pyright: reportUnknownParameterType=false
"""One batch from beginning to end: which version, which rows, where to."""

from boathouse.catalog import LineageNode, NodeKind
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import InvalidName, TableName
from boathouse.models.named_versions import version_named
from boathouse.serving.batch.models import open_model
from boathouse.serving.batch.nouns import Mode, Scored, Scoring
from boathouse.serving.batch.outputs import databases, files, tables
from boathouse.serving.batch.scoring import ScoredRows
from boathouse.session import Session
from boathouse.session.opened import OpenQuery
from boathouse.session.sql.arrow_types import arrow_type_of
from boathouse.session.volumes import VolumePath

PURPOSE = "SCORE_BATCH"


def score(session: Session, wanted: Scoring) -> Scored:
    """Score all rows of the source with a version of the model.

    What an alias means is looked up once, at the beginning. Rows stream: memory does not grow with their number.

    Raises:
        NotFound, Denied: Model, source or output are not there, or the principal may not use them.
        InvalidInput: They do not fit each other.
        Unavailable: A database does not take the rows.
    """
    address = version_named(wanted.model)
    name, version = str(address.name), address.version or 0
    is_table = not (databases.is_address(wanted.output) or wanted.output.startswith(files.VOLUMES))
    if is_table and tables.has_landed(session, wanted):
        return Scored(name, version, wanted.output, 0, is_repeated=True)
    result_type = None if wanted.result_type is None else arrow_type_of(wanted.result_type)
    source = open_source(session, wanted.source)
    with open_model(session, name, version) as model:
        rows = ScoredRows(
            model, source.rows.reader(), keep=wanted.keep, prediction=wanted.prediction, wanted=result_type
        )
        try:
            target, made = _written(session, wanted, rows, is_table=is_table)
        finally:
            rows.close()
    if is_table and made is None:
        return Scored(name, version, wanted.output, 0, is_repeated=True)
    if target is not None:
        tables.draw_lineage(session, target, tables.model_node(name, version), source.sources)
    shown = databases.shown(wanted.output) if databases.is_address(wanted.output) else wanted.output
    return Scored(name, version, shown, rows.rows, made)


def open_source(session: Session, source: str) -> OpenQuery:
    """The rows of a table or a query.

    Raises:
        InvalidInput: It is neither.
    """
    text = source
    if " " not in source.strip():
        try:
            text = f"SELECT * FROM {TableName.parse(source).quoted()}"
        except InvalidName as error:
            raise InvalidInput(f"{source!r} is neither a table nor a query.", hint=error.hint) from error
    return session.open_query(text, purpose=PURPOSE)


def _written(
    session: Session, wanted: Scoring, rows: ScoredRows, *, is_table: bool
) -> tuple[LineageNode | None, int | None]:
    """Where the rows have gone, and the version that made of a table."""
    if is_table:
        made = tables.write(session, wanted, rows)
        return LineageNode(NodeKind.TABLE, str(TableName.parse(wanted.output)), made), made
    if databases.is_address(wanted.output):
        databases.write(wanted, rows)
        return None, None
    if wanted.mode is Mode.MERGE:
        raise InvalidInput("A file cannot be merged into.", hint="Write a table, or leave the mode out.")
    files.write(session, wanted.output, rows)
    return LineageNode(NodeKind.VOLUME, str(VolumePath.parse(wanted.output).volume)), None
