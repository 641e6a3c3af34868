"""ALTER: of a table's own log, or of what the catalog knows of a thing."""

from boathouse.catalog import SecurableKind, Table
from boathouse.catalog.columns import columns_from_delta
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import TableName, quote_part
from boathouse.lake import altering, open_snapshot
from boathouse.session.law import Alteration, Intent
from boathouse.session.result import Result
from boathouse.session.running import declaring
from boathouse.session.running.access import Access, by_name
from boathouse.session.running.constraints import check_named
from boathouse.session.running.governing import done, full_name
from boathouse.session.sql.arrow_types import arrow_schema
from boathouse.session.sql.statements import (
    AddColumns,
    AddConstraint,
    AddPrimaryKey,
    AlterSecurable,
    AlterTable,
    CommentColumn,
    DropConstraint,
    DropPrimaryKey,
    RequireColumn,
    SetProperties,
    TableChange,
    UnsetProperties,
)

_BAD_IN_NAMES = set(" ,;{}()\n\t=")


def alter_table(access: Access, statement: AlterTable) -> Result:
    """Change columns, properties or constraints; the catalog's columns follow the log."""
    name = access.namespace.table(statement.name)
    table = access.resolve_one(name, Intent.WRITE)
    if table.view is not None:
        raise InvalidInput(f"{name} is a view.", hint="Alter the table that it reads, or use ALTER VIEW.")
    with by_name(name, table.storage_location):
        _change(access, name, table, statement.change)
    snapshot = open_snapshot(table.storage_location)
    columns = columns_from_delta(snapshot.schema_json, snapshot.partition_columns)
    if columns != table.columns:
        access.law.refresh_columns(access.principal, name, columns)
    return done()


def alter_securable(access: Access, statement: AlterSecurable) -> Result:
    """RENAME TO, OWNER TO, SET TAGS and UNSET TAGS."""
    name = full_name(access, statement.kind, statement.name)
    new_name = None
    if statement.new_name is not None:
        new_name = _last_part(access, statement.kind, name, statement.new_name)
    change = Alteration(new_name, statement.owner, statement.tags, statement.untag, statement.column)
    access.law.alter(access.principal, statement.kind, name, change)
    return done()


def _last_part(access: Access, kind: SecurableKind, name: str, new_name: tuple[str, ...]) -> str:
    """The new name in its place.

    Raises:
        InvalidInput: It would be another place.
    """
    *place, last = new_name
    if place:
        wanted = full_name(access, kind, new_name)
        if wanted.rpartition(".")[0] != name.rpartition(".")[0]:
            raise InvalidInput(
                f"{name} cannot be moved to {wanted}; it can be renamed where it is.",
                hint="Copy it: CREATE TABLE ... AS SELECT.",
            )
    return last


def _change(access: Access, name: TableName, table: Table, change: TableChange) -> None:
    location, info = table.storage_location, access.commit_info()
    match change:
        case AddColumns(definition):
            schema = arrow_schema(definition.columns)
            for column in schema.names:
                if not column or _BAD_IN_NAMES & set(column):
                    raise InvalidInput(f"A table cannot have a column named {column!r}.")
            altering.add_columns(location, schema, commit_info=info)
        case CommentColumn(column, comment):
            altering.comment_column(location, column, comment, commit_info=info)
        case RequireColumn(column, required):
            _require(access, name, table, column, required=required)
        case SetProperties(properties):
            declared, own = declaring.split(properties)
            declaring.set_clocks(access, name, table, declared)
            if own or not declared:
                altering.set_properties(location, own, commit_info=info)
        case UnsetProperties(keys, if_exists):
            own = declaring.unset_clocks(access, name, table, keys, if_exists=if_exists)
            if own or not keys:
                altering.unset_properties(location, own, if_exists=if_exists, commit_info=info)
        case AddPrimaryKey(key):
            declaring.add_key(access, name, table, key)
        case DropPrimaryKey(if_exists):
            declaring.drop_key(access, name, table, if_exists=if_exists)
        case DropConstraint(constraint) if declaring.is_key(table, constraint):
            declaring.drop_key(access, name, table, if_exists=False)
        case AddConstraint(constraint, condition):
            if declaring.is_key(table, constraint):
                raise InvalidInput(f"There is a constraint {constraint} already.", hint="Drop it first.")
            check = check_named(constraint, condition)
            _require_no_row(access, name, table, f"({check.sql}) IS NOT TRUE", f"break the constraint {constraint}")
            altering.add_constraint(location, constraint, condition, commit_info=info)
        case DropConstraint(constraint, if_exists):
            altering.drop_constraint(location, constraint, if_exists=if_exists, commit_info=info)


def _require(access: Access, name: TableName, table: Table, column: str, *, required: bool) -> None:
    if not required:
        declaring.require_no_key(name, table, column)
    snapshot = open_snapshot(table.storage_location)
    known = next((each for each in snapshot.fields if each.lower() == column.lower()), None)
    if required and known is not None:
        quoted = '"' + known.replace('"', '""') + '"'
        _require_no_row(access, name, table, f"{quoted} IS NULL", f"have no {quote_part(known)}")
    altering.require_column(table.storage_location, column, required=required, commit_info=access.commit_info())


def _require_no_row(access: Access, name: TableName, table: Table, condition: str, what: str) -> None:
    """Refuse a rule that rows which are there break."""
    snapshot = open_snapshot(table.storage_location)
    broken = access.engine.scan(snapshot, predicate=condition).arrow().num_rows
    if broken:
        raise InvalidInput(f"{broken} row(s) of {name} {what}; nothing was changed.", hint="Correct them first.")
