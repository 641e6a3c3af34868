"""CREATE TABLE, from sqlglot's tree to ours."""

from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from boathouse.catalog.keys import PrimaryKey
from boathouse.foundation.errors import InvalidInput
from boathouse.session.sql.guard import check_query
from boathouse.session.sql.problems import Unsupported
from boathouse.session.sql.statements import ColumnSpec, CreateTable

_KNOWN_PARTS = frozenset({"this", "kind", "replace", "exists", "expression", "properties", "refresh", "unique"})

_CHECKS = "Add it afterwards: ALTER TABLE ... ADD CONSTRAINT name CHECK (condition)."

KEY_OPTIONS = frozenset({"NOT ENFORCED", "DEFERRABLE", "INITIALLY DEFERRED", "NORELY", "RELY"})
"""What may be said of a key that nobody enforces, and changes nothing here."""


def read_create_table(tree: exp.Create) -> CreateTable:
    """The statement that the tree means.

    Raises:
        Unsupported: It asks for something that we do not do: a location, a constraint, a format other than Delta.
    """
    for part, value in tree.args.items():
        if value and part not in _KNOWN_PARTS:
            raise Unsupported(f"{part.upper()} in CREATE TABLE")
    target, columns, key = tree.this, tuple[ColumnSpec, ...](), None
    if isinstance(target, exp.Schema):
        columns, key = _columns_and_key(target.expressions)
        target = target.this
    query = tree.args.get("expression")
    if query is not None:
        check_query(query)
    if query is not None and columns:
        raise Unsupported("Columns together with AS SELECT", hint="Name and cast the columns in the SELECT.")
    found = _properties(tree)
    return CreateTable(
        name=table_parts(target),
        columns=columns,
        query=query,
        partition_by=found["partition_by"],
        comment=found["comment"],
        properties=found["properties"],
        if_not_exists=bool(tree.args.get("exists")),
        replace=bool(tree.args.get("replace")),
        key=key,
    )


def table_parts(table: exp.Expr | None) -> tuple[str, ...]:
    """The parts of a plain table name.

    Raises:
        InvalidInput: It is more, or something else.
    """
    if not isinstance(table, exp.Table):
        raise InvalidInput("A table name is expected.", hint="Write catalog.schema.table.")
    extra = [part for part, value in table.args.items() if value and part not in ("this", "db", "catalog")]
    parts = [part for part in (table.args.get("catalog"), table.args.get("db"), table.this) if part is not None]
    if extra or not all(isinstance(part, exp.Identifier) for part in parts):
        raise InvalidInput(f"{table.sql(dialect='databricks')} is not the plain name of a table.")
    return tuple(str(part.this) for part in parts)


def _columns_and_key(entries: list[exp.Expr]) -> tuple[tuple[ColumnSpec, ...], PrimaryKey | None]:
    columns, keys = list[ColumnSpec](), list[PrimaryKey]()
    for entry in entries:
        if (key := _table_key(entry)) is not None:
            keys.append(key)
            continue
        if isinstance(entry, exp.ColumnDef) and (key := _own_key(entry)) is not None:
            keys.append(key)
        columns.append(_column(entry))
    if len(keys) > 1:
        raise InvalidInput("A table has one primary key.", hint="Name all its columns in it: PRIMARY KEY (a, b).")
    return tuple(columns), keys[0] if keys else None


def _table_key(entry: exp.Expr) -> PrimaryKey | None:
    """``[CONSTRAINT name] PRIMARY KEY (a, t TIMESERIES)`` among the columns."""
    name, rule = "", entry
    if isinstance(entry, exp.Constraint):
        name, (rule, *more) = entry.this.name, entry.expressions
        if more:
            raise Unsupported(f"{entry.sql(dialect='databricks')} in the columns of a table")
    if isinstance(rule, exp.ForeignKey):
        raise Unsupported("FOREIGN KEY", hint="Say it in the comment of the table.")
    if not isinstance(rule, exp.PrimaryKey):
        if rule is not entry:
            raise Unsupported(f"{entry.sql(dialect='databricks')} in the columns of a table", hint=_CHECKS)
        return None
    for option in rule.args.get("options") or []:
        if str(option).upper() not in KEY_OPTIONS:
            raise Unsupported(f"{option} of a primary key")
    times = [each.this.name for each in rule.expressions if isinstance(each, exp.TimeseriesKey)]
    others = [each.name for each in rule.expressions if isinstance(each, exp.Identifier | exp.Column)]
    if len(times) + len(others) < len(rule.expressions):
        raise Unsupported(rule.sql(dialect="databricks"), hint="Name columns of the table.")
    return key_of(name, others, times)


def _own_key(column: exp.ColumnDef) -> PrimaryKey | None:
    """``a BIGINT NOT NULL [CONSTRAINT name] PRIMARY KEY``."""
    for constraint in column.args.get("constraints") or []:
        if isinstance(constraint.args.get("kind"), exp.PrimaryKeyColumnConstraint):
            return PrimaryKey((column.name,), None, constraint.this.name if constraint.this else "")
    return None


def key_of(name: str, columns: Sequence[str], times: Sequence[str]) -> PrimaryKey:
    """A primary key as it was written.

    Raises:
        InvalidInput: It has several time columns.
    """
    if len(times) > 1:
        raise InvalidInput(f"A primary key has one TIMESERIES column, not {len(times)}: {', '.join(times)}.")
    return PrimaryKey(tuple(columns), times[0] if times else None, name)


def _column(column: exp.Expr) -> ColumnSpec:
    kind = column.args.get("kind")
    if not isinstance(column, exp.ColumnDef) or not isinstance(kind, exp.DataType):
        raise Unsupported(f"{column.sql(dialect='databricks')} in the columns of a table")
    nullable, comment = True, None
    for constraint in column.args.get("constraints") or []:
        match constraint.args.get("kind"):
            case exp.NotNullColumnConstraint() as rule:
                nullable = bool(rule.args.get("allow_null"))
            case exp.CommentColumnConstraint() as rule:
                comment = str(rule.this.this)
            case exp.PrimaryKeyColumnConstraint():
                pass
            case other:
                name = other.sql(dialect="databricks") if other is not None else "This"
                raise Unsupported(f"{name} for a column")
    return ColumnSpec(column.name, kind, nullable, comment)


def _properties(tree: exp.Create) -> dict[str, Any]:
    found: dict[str, Any] = {"partition_by": (), "comment": None, "properties": {}}
    properties = tree.args.get("properties")
    for entry in properties.expressions if properties else ():
        match entry:
            case exp.FileFormatProperty():
                _require_delta(entry)
            case exp.PartitionedByProperty():
                found["partition_by"] = _partition_columns(entry)
            case exp.SchemaCommentProperty():
                found["comment"] = str(entry.this.this)
            case exp.Property() if type(entry) is exp.Property:
                found["properties"][_text(entry.this)] = _text(entry.args["value"])
            case _:
                raise Unsupported(f"{entry.sql(dialect='databricks') or entry.key} in CREATE TABLE")
    return found


def _require_delta(entry: exp.Expr) -> None:
    written = entry.this.sql(dialect="databricks") if isinstance(entry.this, exp.Expr) else str(entry.this)
    if written.strip("'\"`").upper() != "DELTA":
        raise Unsupported(f"USING {written}", hint="Every table is a Delta table: leave USING out.")


def _partition_columns(entry: exp.Expr) -> tuple[str, ...]:
    columns = entry.this.expressions if isinstance(entry.this, exp.Schema | exp.Tuple) else [entry.this]
    for column in columns:
        if not isinstance(column, exp.Identifier | exp.Column) or column.args.get("table"):
            raise Unsupported(f"PARTITIONED BY {column.sql(dialect='databricks')}", hint="Name columns of the table.")
    return tuple(column.name for column in columns)


def _text(node: Any) -> str:
    return str(node.this) if isinstance(node, exp.Literal | exp.Boolean | exp.Var) else (
        node.name if isinstance(node, exp.Expr) else str(node)
    )  # fmt: skip
