# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""CREATE FUNCTION: a body is tried as whoever creates the function, and kept with its names in full."""

import ast
import dataclasses
import textwrap
from collections.abc import Sequence

import pyarrow as pa

from boathouse.catalog import Behind, Dependency, Function, Language, Parameter, Securable, SecurableKind
from boathouse.catalog.columns import parse_type_text, type_text
from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.foundation.names import FunctionName, TableName
from boathouse.session.law import Intent, TableRequest
from boathouse.session.result import Result
from boathouse.session.running.access import Access
from boathouse.session.running.governing import done
from boathouse.session.running.queries import prepare_query
from boathouse.session.running.viewing import described
from boathouse.session.sql.inlining import require_no_aggregate
from boathouse.session.sql.problems import SyntaxProblem, Unsupported
from boathouse.session.sql.reading import read_query
from boathouse.session.sql.statements import CreateFunction, FunctionParameter
from boathouse.session.sql.views import Wording, in_full, with_full_names

_BEFORE = "SELECT "
_QUERIES = ("SELECT", "WITH", "VALUES", "FROM")


def create_function(access: Access, statement: CreateFunction) -> Result:
    """CREATE [OR REPLACE] FUNCTION [IF NOT EXISTS]."""
    name = access.namespace.function(statement.name)
    if statement.if_not_exists and _is_there(access, name):
        return done()
    function = defined(access, name, statement)
    access.law.create_function(access.principal, function, replace=statement.replace)
    return done()


def defined(access: Access, name: FunctionName, statement: CreateFunction) -> Function:
    """The function that a statement describes, tried once.

    Raises:
        InvalidInput: Its body does not fit its parameters or what it reads.
        NotFound, Denied: The principal may not use something it names.
    """
    securable = Securable("", SecurableKind.FUNCTION, str(name), access.principal.name, comment=statement.comment)
    function = Function(
        securable=securable,
        language=statement.language,
        parameters=tuple(_parameter(each, access) for each in statement.parameters),
        returns=_type(statement.returns) if statement.returns else "",
        body=statement.body,
        columns=_columns(statement),
        deterministic=statement.deterministic,
        handler=statement.handler,
    )
    return _python(function) if function.language is Language.PYTHON else _sql(access, name, function)


def _sql(access: Access, name: FunctionName, function: Function) -> Function:
    if function.handler:
        raise InvalidInput("HANDLER belongs to a Python function.")
    is_query = function.returns_rows or function.body.split(maxsplit=1)[0].upper() in _QUERIES
    before = "" if is_query else _BEFORE
    tree = read_query(f"{before}{function.body}\n")
    if not is_query:
        _require_one_value(name, tree.args)
        require_no_aggregate(str(name), tree.expressions[0])
    text, dependencies, temporary = _in_full(access, Wording(function.body, tree, len(before)))
    if temporary:
        raise InvalidInput(f"The function would read the temporary view {temporary[0]}, which only this session has.")
    if any(each.full_name == str(name) and each.kind is SecurableKind.FUNCTION for each in dependencies):
        raise InvalidInput(f"Function {name} would call itself.", hint="A query can repeat a step with WITH RECURSIVE.")
    draft = dataclasses.replace(function, body=text, is_query=is_query)
    return _tried(access, name, _with_columns(access, draft, dependencies))


def _in_full(access: Access, wording: Wording) -> tuple[str, tuple[Dependency, ...], tuple[str, ...]]:
    found = with_full_names(wording, access.namespace, access.temporary)
    return found.text, found.dependencies, found.temporary


def _with_columns(access: Access, draft: Function, dependencies: Sequence[Dependency]) -> Function:
    """The draft with what lies behind it, asked for as whoever creates it."""
    tables = [TableName.parse(each.full_name) for each in dependencies if each.kind is SecurableKind.TABLE]
    functions = [FunctionName.parse(each.full_name) for each in dependencies if each.kind is SecurableKind.FUNCTION]
    found = access.resolve(*(TableRequest(name, Intent.READ) for name in tables)) if tables else []
    called = access.law.resolve_functions(access.principal, functions, access.statement) if functions else []
    columns = {each.securable.full_name: tuple(column.name for column in each.columns) for each in found}
    known = tuple(dataclasses.replace(each, columns=columns.get(each.full_name, ())) for each in dependencies)
    return dataclasses.replace(draft, dependencies=known, behind=Behind(tuple(found), tuple(called)))


def _tried(access: Access, name: FunctionName, draft: Function) -> Function:
    """The function after a call with nulls, which shows every mistake that does not depend on values."""
    if not draft.returns_rows:
        natural = _gives(access, name, dataclasses.replace(draft, returns=""))
        draft = dataclasses.replace(draft, returns=draft.returns or natural, is_exact=draft.returns in ("", natural))
        if draft.is_exact:
            return dataclasses.replace(draft, behind=None)
    _gives(access, name, draft)
    if draft.returns_rows and _gives_more(access, name, draft):
        raise InvalidInput(f"The query of {name} gives more than the {len(draft.columns)} columns of RETURNS TABLE.")
    return dataclasses.replace(draft, behind=None)


def _gives_more(access: Access, name: FunctionName, draft: Function) -> bool:
    """Whether the query has another column beyond those that are declared; the engine alone can count a ``*``."""
    one_more = Parameter("one_more", "string")
    try:
        _gives(access, name, dataclasses.replace(draft, columns=(*draft.columns, one_more)))
    except InvalidInput:
        return False
    return True


def _gives(access: Access, name: FunctionName, draft: Function) -> str:
    """The type of the draft's value.

    Raises:
        InvalidInput: It does not fit together.
    """
    nulls = ", ".join(f"CAST(NULL AS {each.type_text})" for each in draft.parameters)
    call = f"{in_full(name)}({nulls})"
    query = read_query(f"SELECT * FROM {call}" if draft.returns_rows else f"SELECT {call} AS value")
    trying = dataclasses.replace(access, drafts={str(name): draft})
    try:
        schema = prepare_query(trying, query).columns_of_rows(trying)
    except InvalidInput as error:
        raise InvalidInput(f"Function {name} cannot be computed: {error.message}", hint=error.hint) from error
    access.trace.through.clear()  # nothing was read
    return "" if draft.returns_rows else _type_of(schema, draft.returns)


def _type_of(schema: pa.Schema, wanted: str) -> str:
    is_null = pa.types.is_null(schema.field(0).type)
    return (wanted or "string") if is_null else described(schema)[0].type_text


def _python(function: Function) -> Function:
    """The function, if its code is Python.

    Raises:
        InvalidInput: It is not; the message names the line.
    """
    code = textwrap.dedent(function.body).strip("\n") + "\n"
    if function.handler:
        tree = _parsed(code, function, 0)
        names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
        if function.handler not in names:
            raise InvalidInput(f"The code of {function.full_name} defines no function {function.handler}.")
    else:
        _parsed("def _():\n" + textwrap.indent(code, " ") + " pass\n", function, 1)
    return dataclasses.replace(function, body=code)


def _parsed(code: str, function: Function, lines_before: int) -> ast.Module:
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError) as error:
        line = f" (line {(error.lineno or 1) - lines_before})" if isinstance(error, SyntaxError) else ""
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise InvalidInput(f"The code of {function.full_name} is not Python{line}: {reason}.") from error


def _parameter(given: FunctionParameter, access: Access) -> Parameter:
    default = given.default
    if default is not None:
        try:
            tree = read_query(f"{_BEFORE}{default}\n")
        except SyntaxProblem as error:
            raise InvalidInput(f"The default of {given.name} is not an expression: {default}.") from error
        found = with_full_names(Wording(default, tree, len(_BEFORE)), access.namespace, {})
        if found.dependencies:
            raise Unsupported(f"A default that reads {found.dependencies[0].full_name}")
    return Parameter(given.name, _type(given.kind), default, given.comment)


def _columns(statement: CreateFunction) -> tuple[Parameter, ...]:
    if statement.columns is None:
        return ()
    if not statement.columns:
        raise InvalidInput("RETURNS TABLE needs its columns.", hint="Write RETURNS TABLE (name TYPE, ...).")
    if any(each.default is not None for each in statement.columns):
        raise InvalidInput("A column that a function returns has no default.")
    return tuple(Parameter(each.name, _type(each.kind), None, each.comment) for each in statement.columns)


def _type(written: str) -> str:
    """The type in the catalog's spelling.

    Raises:
        InvalidInput: There is no such type.
    """
    return type_text(parse_type_text(" ".join(written.split())))


def _require_one_value(name: FunctionName, parts: dict[str, object]) -> None:
    used = [key for key, value in parts.items() if value and key != "expressions"]
    expressions = parts["expressions"]
    if used or not isinstance(expressions, list) or len(expressions) != 1:
        raise InvalidInput(
            f"Function {name} returns one expression.", hint="Put a query into parentheses: RETURN (SELECT ...)."
        )


def _is_there(access: Access, name: FunctionName) -> bool:
    try:
        access.law.get(access.principal, SecurableKind.FUNCTION, str(name))
    except NotFound:
        return False
    return True
