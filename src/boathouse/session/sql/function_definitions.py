"""CREATE FUNCTION: parameters, what it returns, and a body in SQL or Python."""

import re
from typing import Any

from boathouse.catalog import Language
from boathouse.foundation.errors import InvalidInput
from boathouse.session.sql.problems import Unsupported
from boathouse.session.sql.statements import CreateFunction, FunctionParameter
from boathouse.session.sql.words import Words

_BEGINNING = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*CREATE\s+(?:OR\s+REPLACE\s+)?(?:TEMP(?:ORARY)?\s+)?FUNCTION\b", re.I | re.S
)
_DOLLARS = re.compile(r"\bAS\s*(?P<tag>\$\w*\$)", re.I)


def with_quoted_body(text: str) -> str:
    """``AS $$ ... $$`` as the string that it is: between the dollars nothing is SQL.

    Raises:
        InvalidInput: The closing dollars are missing.
    """
    if not _BEGINNING.match(text):
        return text
    opening = _DOLLARS.search(text)
    if opening is None:
        return text
    end = text.find(opening["tag"], opening.end())
    if end < 0:
        raise InvalidInput(f"The body of the function begins with {opening['tag']} and is not closed.")
    body = text[opening.end() : end].replace("\\", "\\\\").replace("'", "\\'")
    return f"{text[: opening.start('tag')]}'{body}'{text[end + len(opening['tag']) :]}"


def read_create_function(words: Words, *, replace: bool) -> CreateFunction:
    """What comes after CREATE FUNCTION.

    Raises:
        SyntaxProblem: It is not well-formed.
        Unsupported: It asks for something that functions here do not do.
    """
    if_not_exists = words.take("IF", "NOT", "EXISTS")
    if if_not_exists and replace:
        raise InvalidInput("OR REPLACE and IF NOT EXISTS contradict each other.")
    name = words.name("the name of a function")
    words.expect_symbol("(")
    parameters = _parameters(words)
    returns, columns = _returns(words)
    found: dict[str, Any] = {"language": Language.SQL}
    while True:
        if words.take("RETURN"):
            body = words.rest()
            break
        if words.take("AS"):
            body = words.string("the body between $$ and $$")
            break
        _characteristic(words, found)
    _require_whole(found["language"], body, returns, columns)
    return CreateFunction(
        name, parameters, body, returns, columns, replace=replace, if_not_exists=if_not_exists, **found
    )


def _returns(words: Words) -> tuple[str, tuple[FunctionParameter, ...] | None]:
    if not words.take("RETURNS"):
        return "", None
    if not words.take("TABLE"):
        return words.until(*_CHARACTERISTICS), None
    return "", _parameters(words) if words.symbol("(") else ()


_CHARACTERISTICS = (
    *("LANGUAGE", "DETERMINISTIC", "NOT", "COMMENT", "CONTAINS", "READS", "RETURN", "AS", "HANDLER", "ENVIRONMENT"),
    *("PARAMETER", "SQL", "CALLED"),
)


def _characteristic(words: Words, found: dict[str, Any]) -> None:
    if words.take("LANGUAGE"):
        found["language"] = _language(words.part("SQL or PYTHON"))
    elif words.take("NOT", "DETERMINISTIC"):
        found["deterministic"] = False
    elif words.take("DETERMINISTIC"):
        found["deterministic"] = True
    elif words.take("COMMENT"):
        found["comment"] = words.string("the comment as a string")
    elif words.take("HANDLER"):
        found["handler"] = words.string("the name of the Python function as a string")
    elif (
        words.take("CONTAINS", "SQL") or words.take("READS", "SQL", "DATA") or words.take("SQL", "SECURITY", "DEFINER")
    ):
        pass  # what every function is here
    elif words.at("ENVIRONMENT"):
        raise Unsupported("ENVIRONMENT", hint="A Python function finds the packages of Boathouse's own environment.")
    elif words.at("PARAMETER") or words.at("CALLED"):
        raise Unsupported("PARAMETER STYLE and CALLED ON NULL INPUT", hint="Leave it out; nulls reach the function.")
    else:
        raise words.problem("expected RETURN and an expression or a query, or LANGUAGE PYTHON AS $$ ... $$")


def _language(text: str) -> Language:
    if text.upper() not in (Language.SQL, Language.PYTHON):
        raise Unsupported(f"LANGUAGE {text}", hint="There are SQL and PYTHON.")
    return Language(text.upper())


def _parameters(words: Words) -> tuple[FunctionParameter, ...]:
    if words.symbol(")"):
        return ()
    found: list[FunctionParameter] = []
    while True:
        name = words.part("the name of a parameter")
        kind = words.until("DEFAULT", "COMMENT", "NOT")
        if words.at("NOT"):
            raise Unsupported("NOT NULL for a parameter", hint="Leave it out.")
        default = words.until("COMMENT") if words.take("DEFAULT") else None
        comment = words.string("the comment as a string") if words.take("COMMENT") else None
        found.append(FunctionParameter(name, kind, default, comment))
        if words.symbol(")"):
            return _distinct(found)
        words.expect_symbol(",")


def _distinct(parameters: list[FunctionParameter]) -> tuple[FunctionParameter, ...]:
    seen: set[str] = set()
    for parameter in parameters:
        if parameter.name.lower() in seen:
            raise InvalidInput(f"The parameter {parameter.name} is there twice.")
        if parameter.default is None and any(each.default is not None for each in parameters[: len(seen)]):
            raise InvalidInput(f"The parameter {parameter.name} needs a default too: one before it has one.")
        seen.add(parameter.name.lower())
    return tuple(parameters)


def _require_whole(language: Language, body: str, returns: str, columns: tuple[FunctionParameter, ...] | None) -> None:
    if language is Language.PYTHON and columns is not None:
        raise Unsupported("A Python function that returns a table", hint="Return an ARRAY of STRUCT, and explode it.")
    if language is Language.PYTHON and not returns:
        raise InvalidInput("A Python function needs RETURNS and a type.")
    if not body.strip():
        raise InvalidInput("The body of the function is empty.")
