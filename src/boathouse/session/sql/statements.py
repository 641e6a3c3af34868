"""The statements that Boathouse runs, as read from their text. Names are still as they were written: parts, whose
meaning depends on the session's current catalog and schema."""

from dataclasses import dataclass, field
from enum import StrEnum

from sqlglot import exp

from boathouse.catalog import Language, Privilege, SecurableKind
from boathouse.catalog.contract_rules import RowRule
from boathouse.catalog.keys import PrimaryKey
from boathouse.lake.row_changes import ChangeKind

Parts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """SELECT and what else gives rows."""

    tree: exp.Expr


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """A column in CREATE TABLE."""

    name: str
    kind: exp.DataType
    nullable: bool = True
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class CreateTable:
    name: Parts
    columns: tuple[ColumnSpec, ...] = ()
    query: exp.Expr | None = None
    partition_by: tuple[str, ...] = ()
    comment: str | None = None
    properties: dict[str, str] = field(default_factory=dict[str, str])
    if_not_exists: bool = False
    replace: bool = False
    key: PrimaryKey | None = None
    """As it was written: without a name where none was given."""


@dataclass(frozen=True, slots=True)
class CreateExpected:
    """CREATE of a table from a query of which something is expected."""

    name: Parts
    rules: tuple[RowRule, ...]
    query: str
    comment: str | None = None
    replace: bool = False
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class CreateContainer:
    """CREATE CATALOG, SCHEMA or VOLUME."""

    kind: SecurableKind
    name: Parts
    comment: str | None = None
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class Drop:
    kind: SecurableKind
    name: Parts
    if_exists: bool = False
    cascade: bool = False
    is_view: bool = False
    """Whether DROP VIEW was said."""


@dataclass(frozen=True, slots=True)
class Insert:
    table: Parts
    query: exp.Expr
    columns: tuple[str, ...] | None = None
    by_name: bool = False
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class CopyInto:
    """COPY INTO a table from files of a volume; files that were loaded before are left out."""

    table: Parts
    source: exp.Expr
    """A path as a literal, or a parameter."""
    format: str
    files: tuple[str, ...] = ()
    pattern: str | None = None
    format_options: dict[str, str] = field(default_factory=dict[str, str])
    merge_schema: bool = False
    force: bool = False


@dataclass(frozen=True, slots=True)
class CommentOn:
    kind: SecurableKind
    name: Parts
    comment: exp.Expr


@dataclass(frozen=True, slots=True)
class Describe:
    """DESCRIBE of a table in one of its styles, or of a catalog, schema or volume."""

    kind: SecurableKind
    name: Parts
    style: str = ""
    """``EXTENDED``, ``HISTORY``, ``DETAIL`` or nothing."""


@dataclass(frozen=True, slots=True)
class Show:
    what: str
    """``CATALOGS``, ``SCHEMAS``, ``TABLES``, ``VOLUMES``, ``COLUMNS``, ``TBLPROPERTIES``, ``CREATE TABLE``, ``VIEWS``,
    ``FUNCTIONS``."""
    inside: Parts | None = None
    like: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class ShowGrants:
    kind: SecurableKind
    name: Parts
    grantee: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeGrants:
    """GRANT or REVOKE."""

    privileges: tuple[Privilege, ...]
    kind: SecurableKind
    name: Parts
    grantee: str
    revoke: bool = False


@dataclass(frozen=True, slots=True)
class Use:
    """USE CATALOG or USE SCHEMA."""

    kind: SecurableKind
    name: Parts


@dataclass(frozen=True, slots=True)
class ViewColumn:
    """A column as CREATE VIEW names it."""

    name: str
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class CreateView:
    name: Parts
    query: str
    columns: tuple[ViewColumn, ...] = ()
    comment: str | None = None
    properties: dict[str, str] = field(default_factory=dict[str, str])
    replace: bool = False
    if_not_exists: bool = False
    temporary: bool = False


@dataclass(frozen=True, slots=True)
class AlterView:
    """ALTER VIEW ... AS: the view reads something else."""

    name: Parts
    query: str


@dataclass(frozen=True, slots=True)
class FunctionParameter:
    name: str
    kind: str
    """The type as it was written."""
    default: str | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class CreateFunction:
    name: Parts
    parameters: tuple[FunctionParameter, ...]
    body: str
    returns: str = ""
    """The type of the value as it was written; empty when none was, or when rows are returned."""
    columns: tuple[FunctionParameter, ...] | None = None
    """The columns that RETURNS TABLE lists; none listed: those of the query."""
    language: Language = Language.SQL
    deterministic: bool = False
    comment: str | None = None
    handler: str | None = None
    replace: bool = False
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class Assignment:
    """A column, or a field of one, and the value it gets."""

    column: Parts
    value: exp.Expr


@dataclass(frozen=True, slots=True)
class Delete:
    table: Parts
    alias: str | None = None
    where: exp.Expr | None = None


@dataclass(frozen=True, slots=True)
class Truncate:
    table: Parts


@dataclass(frozen=True, slots=True)
class Update:
    table: Parts
    alias: str | None
    assignments: tuple[Assignment, ...]
    where: exp.Expr | None = None


class MergeFamily(StrEnum):
    """Which rows a clause of a MERGE is about."""

    MATCHED = "MATCHED"
    NOT_MATCHED = "NOT MATCHED"
    NOT_MATCHED_BY_SOURCE = "NOT MATCHED BY SOURCE"


@dataclass(frozen=True, slots=True)
class MergeClause:
    family: MergeFamily
    kind: ChangeKind
    condition: exp.Expr | None = None
    assignments: tuple[Assignment, ...] | None = ()
    """None for ``*``: each column from the source's column of that name."""


@dataclass(frozen=True, slots=True)
class Merge:
    table: Parts
    alias: str | None
    source: exp.Expr
    """A table, or a query in parentheses."""
    on: exp.Expr
    clauses: tuple[MergeClause, ...]
    evolves: bool = False
    """Whether columns that only the source has are added."""


@dataclass(frozen=True, slots=True)
class AddColumns:
    definition: CreateTable
    """The columns, as they would stand in CREATE TABLE."""


@dataclass(frozen=True, slots=True)
class CommentColumn:
    column: str
    comment: str


@dataclass(frozen=True, slots=True)
class RequireColumn:
    """SET or DROP NOT NULL."""

    column: str
    required: bool


@dataclass(frozen=True, slots=True)
class SetProperties:
    properties: dict[str, str]


@dataclass(frozen=True, slots=True)
class UnsetProperties:
    keys: tuple[str, ...]
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class AddConstraint:
    name: str
    condition: str


@dataclass(frozen=True, slots=True)
class DropConstraint:
    name: str
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class AddPrimaryKey:
    key: PrimaryKey


@dataclass(frozen=True, slots=True)
class DropPrimaryKey:
    if_exists: bool = False


TableChange = (
    AddColumns | CommentColumn | RequireColumn | SetProperties | UnsetProperties | AddConstraint | DropConstraint
    | AddPrimaryKey | DropPrimaryKey
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class AlterTable:
    """ALTER TABLE: a change of what the table's own log says."""

    name: Parts
    change: TableChange


@dataclass(frozen=True, slots=True)
class AlterSecurable:
    """ALTER of what the catalog alone knows of a thing: its name, its owner, its tags."""

    kind: SecurableKind
    name: Parts
    new_name: Parts | None = None
    owner: str | None = None
    tags: dict[str, str] = field(default_factory=dict[str, str])
    untag: tuple[str, ...] = ()
    column: str | None = None
    """Of a table: the tags are those of this column."""


@dataclass(frozen=True, slots=True)
class Optimize:
    table: Parts
    where: str | None = None
    z_order_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Vacuum:
    table: Parts
    hours: float | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Restore:
    table: Parts
    version: exp.Expr | None = None
    timestamp: exp.Expr | None = None


@dataclass(frozen=True, slots=True)
class Explain:
    query: str
    extended: bool = False


Statement = (
    AlterTable | AlterSecurable | Optimize | Vacuum | Restore | Explain |
    Delete | Truncate | Update | Merge | Query | CreateView | AlterView | CreateFunction
    | CreateTable | CreateExpected | CreateContainer | Drop | Insert | CopyInto | CommentOn | Describe | Show
    | ShowGrants | ChangeGrants | Use
)  # fmt: skip


def kind_of(statement: Statement) -> str:
    """The kind as the audit log names it."""
    match statement:
        case Query():
            return "SELECT"
        case CreateTable():
            return "CREATE TABLE" if statement.query is None else "CREATE TABLE AS SELECT"
        case CreateExpected():
            return "CREATE TABLE AS SELECT"
        case CreateView():
            return "CREATE VIEW"
        case AlterView():
            return "ALTER VIEW"
        case CreateFunction():
            return "CREATE FUNCTION"
        case CreateContainer():
            return f"CREATE {statement.kind.name}"
        case Drop():
            return f"DROP {statement.kind.name}"
        case AlterTable():
            return "ALTER TABLE"
        case AlterSecurable():
            return f"ALTER {statement.kind.name}"
        case Optimize():
            return "OPTIMIZE"
        case Vacuum():
            return "VACUUM"
        case Restore():
            return "RESTORE"
        case Explain():
            return "EXPLAIN"
        case Delete():
            return "DELETE"
        case Truncate():
            return "TRUNCATE TABLE"
        case Update():
            return "UPDATE"
        case Merge():
            return "MERGE"
        case Insert():
            return "INSERT OVERWRITE" if statement.overwrite else "INSERT"
        case CopyInto():
            return "COPY INTO"
        case CommentOn():
            return "COMMENT ON"
        case Describe():
            return "DESCRIBE"
        case Show() | ShowGrants():
            return "SHOW"
        case ChangeGrants():
            return "REVOKE" if statement.revoke else "GRANT"
        case Use():
            return "USE"
