"""What can be wrong with a statement."""

from boathouse.foundation.errors import InvalidInput, did_you_mean

SUPPORTED_STATEMENTS = (
    "SELECT",
    "VALUES",
    "CREATE",
    "DROP",
    "INSERT",
    "UPDATE",
    "DELETE",
    "MERGE",
    "TRUNCATE TABLE",
    "ALTER",
    "OPTIMIZE",
    "VACUUM",
    "RESTORE",
    "EXPLAIN",
    "COPY INTO",
    "COMMENT ON",
    "DESCRIBE",
    "SHOW",
    "GRANT",
    "REVOKE",
    "SET TAG",
    "UNSET TAG",
    "USE",
)


class SyntaxProblem(InvalidInput):
    """The text is not SQL as we read it; the message points to the place."""

    def __init__(self, reason: str, text: str, line: int, column: int, *, hint: str | None = None) -> None:
        self.line, self.column = line, column
        super().__init__(f"Syntax error at line {line}, column {column}: {reason}\n{_snippet(text, line, column)}",
                         hint=hint)  # fmt: skip


class Unsupported(InvalidInput):
    """Well-formed SQL that Boathouse does not run."""

    def __init__(self, what: str, *, hint: str | None = None) -> None:
        super().__init__(f"{what} is not supported.", hint=hint)


class UnsupportedStatement(Unsupported):
    """A kind of statement that Boathouse does not run."""

    def __init__(self, kind: str, *, hint: str | None = None) -> None:
        super().__init__(f"The statement {kind}", hint=hint or f"Supported are {', '.join(SUPPORTED_STATEMENTS)}.")


class UnknownFunction(InvalidInput):
    """A function that is not on the list."""

    def __init__(self, name: str, known: list[str]) -> None:
        hint = did_you_mean(name.lower(), known) or "The reference of SQL lists the functions."
        super().__init__(f"The function {name} is not supported.", hint=hint)


class MultipleStatements(InvalidInput):
    """More than one statement in one text."""

    def __init__(self) -> None:
        super().__init__("The text holds more than one statement.", hint="Run them one by one.")


def _snippet(text: str, line: int, column: int) -> str:
    """The line in question with a caret below the place; long lines are cut around it."""
    lines = text.splitlines() or [""]
    shown = lines[min(line, len(lines)) - 1].replace("\t", " ")
    start = max(0, column - 60)
    return f"  {shown[start : start + 100]}\n  {' ' * max(0, min(column, len(shown) + 1) - 1 - start)}^"
