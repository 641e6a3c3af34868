"""Texts that settings consist of, checked where they are read: spans of time, names of tables."""

from typing import Annotated

from pydantic import AfterValidator, Field

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import TableName
from boathouse.foundation.spans import parse_span


def _span(text: str) -> str:
    try:
        parse_span(text)
    except InvalidInput as error:
        raise ValueError(str(error)) from error
    return text


def _table(text: str) -> str:
    try:
        return str(TableName.parse(text))
    except InvalidInput as error:
        raise ValueError(str(error)) from error


Text = Annotated[str, Field(min_length=1, pattern=r"\S")]
Span = Annotated[str, AfterValidator(_span)]
"""``2h``, as :func:`~boathouse.foundation.spans.parse_span` reads it."""
TableText = Annotated[str, AfterValidator(_table)]
"""The three-level name of a table, as names are printed."""
