"""A session: one principal's governed reads and writes."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from sqlglot import exp

from boathouse.catalog import SecurableKind
from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.foundation.ids import new_id
from boathouse.foundation.names import TableName, quote_part, split_name
from boathouse.foundation.principals import Principal
from boathouse.lake import local_path, open_snapshot
from boathouse.lake.engine import ArrowFunction, Engine, Rows
from boathouse.session.appending import Appender, open_appender
from boathouse.session.expecting import create_expected
from boathouse.session.law import Intent, Law
from boathouse.session.opened import OpenQuery, OpenTable, open_tables
from boathouse.session.result import Result
from boathouse.session.running import (
    altering,
    changing,
    defining,
    explaining,
    governing,
    inserting,
    loading,
    maintaining,
    merging,
    queries,
    showing,
    viewing,
    writes,
)
from boathouse.session.running.access import Access, new_statement, row_count
from boathouse.session.running.models_in_queries import (
    AI_QUERY,
    AnswersQueries,
    KeptOpen,
    answers_here,
    asks_models,
    stand_in_the_list,
    without_models,
)
from boathouse.session.running.temporary import TemporaryView
from boathouse.session.running.writes import SchemaMode, TableShape, WriteMode, WriteReport
from boathouse.session.sql.instants import parse_instant
from boathouse.session.sql.namespace import Namespace
from boathouse.session.sql.parameters import Parameters
from boathouse.session.sql.reading import read_statement
from boathouse.session.sql.statements import (
    AlterSecurable,
    AlterTable,
    AlterView,
    ChangeGrants,
    CommentOn,
    CopyInto,
    CreateContainer,
    CreateExpected,
    CreateFunction,
    CreateTable,
    CreateView,
    Delete,
    Describe,
    Drop,
    Explain,
    Insert,
    Merge,
    Optimize,
    Query,
    Restore,
    Show,
    ShowGrants,
    Statement,
    Truncate,
    Update,
    Use,
    Vacuum,
    kind_of,
)
from boathouse.session.volume_writing import write_file
from boathouse.session.volumes import VolumePath, jailed


class Session:
    """Reads and writes governed tables as one principal.

    ``USE CATALOG`` and ``USE SCHEMA`` last as long as the session.

    Example:
        session = Session(principal, LocalLaw(catalog), DuckDBEngine())
        session.sql("SELECT count(*) AS flights FROM prod.flights.flights").pl()
    """

    def __init__(
        self, principal: Principal, law: Law, engine: Engine, models: Callable[[], AnswersQueries] = answers_here
    ) -> None:
        """
        Args:
            models: Gives what answers ``ai_query``; by default what is installed for it.
        """
        self._models = models
        self.principal = principal
        self.law = law
        self.engine = engine
        self._namespace = Namespace()
        self._id = new_id()
        self._temporary: dict[str, TemporaryView] = {}

    def sql(self, text: str, parameters: Mapping[str, Any] | None = None) -> Result:
        """Run one statement of Databricks SQL; ``:name`` in it takes its value from ``parameters``.

        Raises:
            InvalidInput: The text is not a statement that Boathouse runs, or does not fit its tables.
            Denied, NotFound: The principal may not use something it names.
        """
        statement = read_statement(text)
        try:
            if AI_QUERY in text.lower() and (tree := _query_of(statement)) is not None and asks_models(tree):
                return self._ask_models(statement, tree, text, parameters)
            access = self._access(kind_of(statement), text, Parameters(parameters))
            return self._run(access, statement)
        except RecursionError as error:
            raise InvalidInput("The statement is nested too deeply.") from error

    def table(
        self,
        name: str | TableName,
        *,
        version: int | None = None,
        timestamp: datetime | str | None = None,
        columns: Sequence[str] | None = None,
        where: str | None = None,
    ) -> Result:
        """The rows of a table, now or as of a version or an instant; ``where`` is a condition in SQL.

        Example:
            session.table("prod.flights.weather", columns=["origin", "temp"], where="temp > 90").df()
        """
        if version is not None and timestamp is not None:
            raise InvalidInput("Say either a version or a timestamp, not both.")
        table = name if isinstance(name, TableName) else TableName.parse(name)
        shown = "*" if columns is None else ", ".join(quote_column(column) for column in columns)
        text = f"SELECT {shown} FROM {table.quoted()}"
        if version is not None:
            text += f" VERSION AS OF {int(version)}"
        if timestamp is not None:
            text += f" TIMESTAMP AS OF '{parse_instant(timestamp).isoformat()}'"
        if where is not None:
            text += f" WHERE ({where}\n)"
        statement = read_statement(text)
        assert isinstance(statement, Query)
        return queries.run_query(self._access("READ_TABLE", text), statement.tree)

    def open_tables(
        self, names: Sequence[str | TableName], versions: Mapping[Any, int] | None = None
    ) -> list[OpenTable]:
        """Tables for a program that reads their files itself: all are authorised by one call, and fixed at a version.

        Args:
            versions: Versions by table, for those that are not read as they are now.

        Raises:
            NotFound, Denied: There is no such table, or the principal may not read it.
            InvalidInput: It is a view.
            VersionNotFound: It has no such version.
        """
        parsed = [_table_name(name) for name in names]
        known = {_table_name(name): version for name, version in (versions or {}).items()}
        text = f"open_tables({', '.join(str(name) for name in parsed)})"
        return open_tables(self._access("READ_TABLE", text), parsed, known)

    def open_query(
        self,
        text: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        purpose: str,
        tree: exp.Expr | None = None,
    ) -> OpenQuery:
        """A query for a program that stores what comes of its rows; with what it reads, for the lineage of that.

        Args:
            purpose: The kind of statement that the audit log is told.
            tree: What to run of it, where that is not the text as it stands.

        Raises:
            InvalidInput: The text is no query, or does not fit its tables.
            Denied, NotFound: The principal may not use something it names.
        """
        if tree is None:
            statement = read_statement(text)
            if not isinstance(statement, Query):
                raise InvalidInput("Only a query gives rows.", hint="Write SELECT ..., or the name of a table.")
            tree = statement.tree
        access = self._access(purpose, text, Parameters(parameters))
        prepared = queries.prepare_query(access, tree)
        rows = queries.result_after(prepared.run(access), lambda: prepared.run(access))
        return OpenQuery(rows, tuple(prepared.sources))

    def write_table(
        self,
        name: str | TableName,
        data: Any,
        *,
        mode: WriteMode = "append",
        merge_on: Sequence[str] | str | None = None,
        partition_by: Sequence[str] | None = None,
        schema_mode: SchemaMode | None = None,
        read_version: int | None = None,
        replace_where: str | None = None,
        comment: str | None = None,
        write_id: str | None = None,
    ) -> WriteReport:
        """Write rows to a table in one commit; a table that does not exist is created (``merge`` needs one).

        Args:
            data: Anything with the Arrow PyCapsule interface: Arrow, Polars, pandas, a DuckDB relation, a result.
            mode: ``append``, ``overwrite``, ``error`` (only if the table does not exist), or ``merge`` on key columns.
            merge_on: The key columns of a merge, or a condition over ``target`` and ``source``.
            partition_by: For a table that this creates.
            schema_mode: ``merge`` to add new columns, ``overwrite`` to take over the schema; nothing changes unasked.
            read_version: The version the data was computed from; a conflict if the rows have changed since.
            replace_where: A condition in SQL: an overwrite replaces the rows that fulfil it, and so must the new ones.
            write_id: What the write is called in the table's history, in lineage and in the audit log; else a new id.

        Raises:
            Conflict: Somebody has changed the table since ``read_version``.
            AlreadyExists: The table exists and the mode is ``error``.
            InvalidInput: The rows do not fit the table.
        """
        if mode not in ("append", "overwrite", "error", "merge"):
            raise InvalidInput(f"There is no mode {mode!r}.", hint="Use append, overwrite, error or merge.")
        if (mode == "merge") != bool(merge_on):
            raise InvalidInput("The mode merge and its key columns belong together.", hint="Give mode and merge_on.")
        if replace_where is not None and (mode != "overwrite" or schema_mode == "overwrite"):
            raise InvalidInput("replace_where belongs to the mode overwrite, and the schema stays.")
        table_name = name if isinstance(name, TableName) else TableName.parse(name)
        access = self._access("WRITE_TABLE", f"write_table({table_name}, mode={mode})", statement_id=write_id)
        rows = row_count(data)
        shape = TableShape(None, tuple(partition_by or ()), comment)
        table = writes.existing(access, table_name, Intent.WRITE)
        if table is None:
            if mode == "merge":
                raise NotFound(f"Table {table_name} was not found.", hint="Create it first, with mode='error'.")
            return WriteReport(str(table_name), writes.create(access, table_name, data, shape, ()), rows)
        if partition_by is not None and not writes.partitioned_alike(
            open_snapshot(table.storage_location), partition_by
        ):
            raise InvalidInput(f"Table {table_name} exists and is partitioned otherwise.", hint="Drop it first.")
        match mode:
            case "error":
                writes.require_absent(table_name, table)
                raise AssertionError
            case "append":
                if read_version is not None:
                    raise InvalidInput("An append depends on no version.", hint="Leave read_version out.")
                if schema_mode == "overwrite":
                    raise InvalidInput("An append cannot overwrite the schema.", hint="Use schema_mode='merge'.")
                version = writes.append(access, table, table_name, data, (), schema_mode=schema_mode)
            case "overwrite":
                if schema_mode == "overwrite":
                    writes.require_key_kept(table, data)
                version = writes.overwrite(
                    access, table, table_name, data, (),
                    schema_mode=schema_mode, read_version=read_version, predicate=replace_where,
                )  # fmt: skip
            case "merge":
                assert merge_on is not None
                version = writes.merge(
                    access, table, table_name, data, merge_on, schema_mode=schema_mode, read_version=read_version
                )
        return WriteReport(str(table_name), version, rows, access.told.set_aside)

    def open_appender(self, name: str | TableName) -> Appender:
        """A table opened for many appends: authorised and traced once.

        Raises:
            NotFound, Denied: There is no such table, or the principal may not write it.
        """
        table_name = _table_name(name)
        return open_appender(self._access("WRITE_TABLE", f"open_appender({table_name})"), table_name)

    def create_table(self, name: str | TableName, shape: TableShape, data: Any = None) -> WriteReport:
        """Create a table of a given shape, with rows or without: one commit, and nothing is there when it fails.

        Raises:
            AlreadyExists: There is such a table.
            InvalidInput: The rows or the key do not fit the columns.
        """
        table_name = name if isinstance(name, TableName) else TableName.parse(name)
        access = self._access("CREATE TABLE", f"create_table({table_name})")
        rows = 0 if data is None else row_count(data)
        return WriteReport(str(table_name), writes.create(access, table_name, data, shape, ()), rows)

    def upload(self, path: str, content: bytes | str | Path | BinaryIO, *, overwrite: bool = True) -> str:
        """Put a file into a volume: bytes, an open file, or the local file that a path names. The file is there whole
        or not at all.

        Raises:
            AlreadyExists: It exists and ``overwrite`` is false.
        """
        parsed = VolumePath.parse(path)
        access = self._access("UPLOAD", f"upload({parsed})")
        volume = self.law.resolve_volume(self.principal, parsed.volume, Intent.WRITE, access.statement)
        place = jailed(local_path(volume.storage_location), parsed)
        if isinstance(content, str | Path):
            with Path(content).open("rb") as source:
                write_file(place, source, parsed, overwrite=overwrite)
        else:
            source = io.BytesIO(content) if isinstance(content, bytes) else content
            write_file(place, source, parsed, overwrite=overwrite)
        access.record([], writes.volume_node(parsed.volume), "WRITE")
        return str(parsed)

    def _ask_models(
        self, statement: Statement, tree: exp.Expr, text: str, parameters: Mapping[str, Any] | None
    ) -> Result:
        answers = self._models()
        if not isinstance(statement, Query):
            asked = answers.functions(self, tree)
            try:
                access = self._access(kind_of(statement), text, Parameters(parameters), asked.functions)
                return self._run(access, _with_query(statement, asked.tree))
            finally:
                asked.close()
        if stand_in_the_list(tree):
            return answers.columns(self, without_models(tree), text, parameters)

        def prepare() -> Rows:
            asked = answers.functions(self, tree)
            try:
                access = self._access("SELECT", text, Parameters(parameters), asked.functions)
                return KeptOpen(queries.run_query(access, asked.tree), asked.close)
            except BaseException:
                asked.close()
                raise

        return Result(prepare)

    def _access(
        self,
        kind: str,
        text: str,
        parameters: Parameters | None = None,
        functions: Mapping[str, ArrowFunction] | None = None,
        statement_id: str | None = None,
    ) -> Access:
        statement = new_statement(kind, text, statement_id)
        return Access(
            self.principal,
            self.law,
            self.engine,
            statement,
            self._namespace,
            parameters or Parameters(),
            session_id=self._id,
            temporary=self._temporary,
            functions=functions or {},
        )

    def _run(self, access: Access, statement: Statement) -> Result:
        match statement:
            case Query():
                return queries.run_query(access, statement.tree)
            case CreateTable():
                return inserting.create_table(access, statement)
            case CreateExpected():
                return create_expected(self, access, statement)
            case Insert():
                return inserting.insert(access, statement)
            case AlterTable():
                return altering.alter_table(access, statement)
            case AlterSecurable():
                return altering.alter_securable(access, statement)
            case Optimize():
                return maintaining.optimize(access, statement)
            case Vacuum():
                return maintaining.vacuum(access, statement)
            case Restore():
                return maintaining.restore(access, statement)
            case Explain():
                return explaining.explain(access, statement)
            case Delete() | Truncate():
                return changing.delete(access, statement)
            case Update():
                return changing.update(access, statement)
            case Merge():
                return merging.merge(access, statement)
            case CopyInto():
                return loading.copy_into(access, statement)
            case CreateView():
                return viewing.create_view(access, statement)
            case AlterView():
                return viewing.alter_view(access, statement)
            case CreateFunction():
                return defining.create_function(access, statement)
            case CreateContainer():
                return governing.create_container(access, statement)
            case Drop():
                return governing.drop(access, statement)
            case CommentOn():
                return governing.comment_on(access, statement)
            case ChangeGrants():
                return governing.change_grants(access, statement)
            case Show():
                return showing.show(access, statement)
            case ShowGrants():
                return showing.show_grants(access, statement)
            case Describe():
                return showing.describe(access, statement)
            case Use():
                return self._use(access, statement)

    def create_function(self, statement: CreateFunction) -> None:
        """As the statement: the body is tried, and kept."""
        name = ".".join(statement.name)
        self._run(self._access("CREATE FUNCTION", f"create_function({name})"), statement)

    def use_catalog(self, name: str) -> None:
        """As ``USE CATALOG``."""
        self._use(self._access("USE", f"use_catalog({name})"), Use(SecurableKind.CATALOG, (name,)))

    def use_schema(self, name: str) -> None:
        """As ``USE SCHEMA``; a plain name is one of the current catalog."""
        self._use(self._access("USE", f"use_schema({name})"), Use(SecurableKind.SCHEMA, tuple(split_name(name))))

    def _use(self, access: Access, statement: Use) -> Result:
        name = governing.full_name(access, statement.kind, statement.name)
        self.law.get(self.principal, statement.kind, name)
        if statement.kind is SecurableKind.CATALOG:
            self._namespace = self._namespace.using_catalog(name)
        else:
            self._namespace = self._namespace.using_schema(access.namespace.schema_name(statement.name))
        return governing.done()


def _query_of(statement: Statement) -> exp.Expr | None:
    """The query of a statement in which a model may be asked."""
    match statement:
        case Query():
            return statement.tree
        case CreateTable() | Insert():
            return statement.query
        case _:
            return None


def _with_query(statement: Statement, query: exp.Expr) -> Statement:
    return replace(statement, query=query) if isinstance(statement, CreateTable | Insert) else statement


def _table_name(name: str | TableName) -> TableName:
    return name if isinstance(name, TableName) else TableName.parse(name)


def quote_column(name: str) -> str:
    """A column name as Databricks SQL spells it."""
    return quote_part(name)
