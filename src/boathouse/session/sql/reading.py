"""From text to a statement: one statement, of a kind we run, with nothing in it that is not allowed."""

import re

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokenizer_core import Token, TokenType

from boathouse.foundation.errors import InvalidInput
from boathouse.session.sql.changes import read_delete, read_merge, read_truncate, read_update
from boathouse.session.sql.creation import read_create_table
from boathouse.session.sql.desugaring import desugar
from boathouse.session.sql.dialect import DatabricksSql
from boathouse.session.sql.expected_tables import has_expectations, read_expected_table
from boathouse.session.sql.function_definitions import with_quoted_body
from boathouse.session.sql.governance import read_governance
from boathouse.session.sql.guard import check_query
from boathouse.session.sql.insertion import read_insert
from boathouse.session.sql.problems import MultipleStatements, SyntaxProblem, UnsupportedStatement
from boathouse.session.sql.statements import Query, Statement
from boathouse.session.sql.words import Words

MAX_LENGTH = 1_000_000
"""Characters of a statement."""

_QUERIES = ("SELECT", "WITH", "VALUES", "FROM", "(")
_VERSION = re.compile(r"[vV]\d{1,16}")
_HINTS = {
    "SET": "A query cannot change settings.",
}


def read_statement(text: str) -> Statement:
    """Read a statement of Databricks SQL.

    Raises:
        SyntaxProblem: It is not well-formed; the message points to the place.
        Unsupported: It is, and Boathouse does not run it.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidInput(f"The statement has {len(text)} characters; at most {MAX_LENGTH} are allowed.")
    try:
        text = with_quoted_body(text)
        return _read(*_with_versions(text, _tokens(text)))
    except RecursionError as error:
        raise InvalidInput("The statement is nested too deeply.") from error


def _read(text: str, tokens: list[Token]) -> Statement:
    first = tokens[0].text.upper()
    if first == "CREATE" and has_expectations(words := Words(text, tokens)):
        return read_expected_table(words)
    statement = read_governance(Words(text, tokens))
    if statement is not None:
        return statement
    if first in _QUERIES:
        return Query(_checked(_tree(text)))
    if first == "MERGE" and (without := _without_evolution(text, tokens)) is not None:
        tree = _tree(without)
        assert isinstance(tree, exp.Merge)
        return read_merge(tree, evolves=True)
    match _tree(text) if first in _CHANGING else None:
        case exp.Create() as tree if str(tree.args.get("kind")).upper() == "TABLE":
            return read_create_table(tree)
        case exp.Insert() as tree:
            return read_insert(tree)
        case exp.Delete() as tree:
            return read_delete(tree)
        case exp.Update() as tree:
            return read_update(tree)
        case exp.Merge() as tree:
            return read_merge(tree)
        case exp.TruncateTable() as tree:
            return read_truncate(tree)
        case _:
            second = f" {tokens[1].text.upper()}" if first == "CREATE" and len(tokens) > 1 else ""
            raise UnsupportedStatement(first + second, hint=_HINTS.get(first))


_CHANGING = ("CREATE", "INSERT", "DELETE", "UPDATE", "MERGE", "TRUNCATE")


def _without_evolution(text: str, tokens: list[Token]) -> str | None:
    """``MERGE WITH SCHEMA EVOLUTION INTO`` as sqlglot reads it; None when the words are not there."""
    words = [token.text.upper() for token in tokens[1:4]]
    return text[: tokens[1].start] + text[tokens[3].end + 1 :] if words == ["WITH", "SCHEMA", "EVOLUTION"] else None


def read_query(text: str) -> exp.Expr:
    """Read the query in a definition.

    Raises:
        SyntaxProblem, Unsupported: As :func:`read_statement`; also when it is no query.
    """
    statement = read_statement(text)
    if not isinstance(statement, Query):
        raise UnsupportedStatement(text.split(maxsplit=1)[0].upper(), hint="A query is expected here: SELECT ...")
    return statement.tree


def _checked(tree: exp.Expr) -> exp.Expr:
    check_query(tree)
    return tree


def words_of(text: str) -> Words:
    """The words of a statement, or of a part of one.

    Raises:
        SyntaxProblem: A string or a comment is not closed.
    """
    return Words(text, _tokens(text))


def _tokens(text: str) -> list[Token]:
    try:
        tokens = list(sqlglot.tokenize(text, read=DatabricksSql))
    except TokenError as error:
        line, column = text.count("\n") + 1, len(text) - text.rfind("\n")
        raise SyntaxProblem("a string or a comment is not closed", text, line, column) from error
    while tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        tokens.pop()
    if not tokens:
        raise InvalidInput("The statement is empty.")
    if any(token.token_type is TokenType.SEMICOLON for token in tokens):
        raise MultipleStatements()
    return tokens


def _with_versions(text: str, tokens: list[Token]) -> tuple[str, list[Token]]:
    """``table@v3`` spelled out as ``table VERSION AS OF 3``."""
    places = [
        (sign.start, version.end, version.text[1:])
        for before, sign, version in zip(tokens, tokens[1:], tokens[2:], strict=False)
        if sign.text == "@" and before.end + 1 == sign.start and sign.end + 1 == version.start
        and _VERSION.fullmatch(version.text)
    ]  # fmt: skip
    if not places:
        return text, tokens
    for start, end, number in reversed(places):
        text = f"{text[:start]} VERSION AS OF {number}{text[end + 1 :]}"
    return text, _tokens(text)


def _tree(text: str) -> exp.Expr:
    try:
        tree = sqlglot.parse_one(text, read=DatabricksSql)
    except ParseError as error:
        place = error.errors[0] if error.errors else {}
        highlight = str(place.get("highlight") or "")
        reason = str(place.get("description") or "it cannot be read").removeprefix("Invalid expression / ")
        if "<" in reason or reason == "Unexpected token":
            reason = f"{highlight!r} is not expected here, or something is missing after it"
        column = int(place.get("col") or 1) - len(highlight) + 1
        raise SyntaxProblem(reason, text, int(place.get("line") or 1), max(1, column)) from error
    assert isinstance(tree, exp.Expr)
    return desugar(tree)
