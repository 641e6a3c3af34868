"""Runs SQL statements as the task's principal and prints what they give."""

from typing import Any


def run_statements(text: str, parameters: dict[str, str]) -> None:
    """Run each statement of a script in turn; the first that fails ends the task."""
    from boathouse.session.default import default_session  # pyright: ignore[reportUnknownVariableType]

    session = default_session()
    for statement in statements_of(text):
        used = {name: value for name, value in parameters.items() if f":{name}" in statement}
        show(session.sql(statement, used or None))


def statements_of(script: str) -> list[str]:
    """The statements between semicolons; semicolons in quotes and comments do not count.

    Example:
        >>> statements_of("SELECT ';'; SELECT 2 -- two;")
        ["SELECT ';'", 'SELECT 2 -- two;']
    """
    from sqlglot import TokenType, tokenize

    statements: list[str] = []
    start: int | None = None
    for token in tokenize(script, read="databricks"):
        if token.token_type is TokenType.SEMICOLON:
            if start is not None:
                statements.append(script[start : token.start].strip())
            start = None
        elif start is None:
            start = token.start
    if start is not None:
        statements.append(script[start:].strip())
    return statements


def show(result: Any, *, limit: int = 1000) -> None:
    """Print rows as a table of text."""
    from .display import print_table

    table = result.arrow()
    if table.num_columns:
        print_table(table.column_names, table.slice(0, limit).to_pylist(), total=table.num_rows)
