"""Expectations in SQL, as declarative pipelines write them::

CREATE OR REFRESH MATERIALIZED VIEW dev.shop.clean (
  CONSTRAINT priced EXPECT (price > 0) ON VIOLATION DROP ROW,
  CONSTRAINT dated EXPECT (day IS NOT NULL) ON VIOLATION FAIL UPDATE,
  CONSTRAINT small EXPECT (price < 1000)
) COMMENT 'Orders that can be used' AS SELECT * FROM dev.shop.raw
"""

from dataclasses import dataclass
from typing import Any

from sqlglot import tokenize
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token, TokenType

from boathouse.catalog.contract_rules import OnViolation, RowRule
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import TableName
from boathouse.quality.expectations.carrying_out import ExpectationReport, write_expected
from boathouse.quality.expectations.declaring import Expectations
from boathouse.session import Session

_SPELLING = "CONSTRAINT name EXPECT (condition) [ON VIOLATION DROP ROW | FAIL UPDATE]"
_KINDS = {"OR", "REPLACE", "REFRESH", "LIVE", "STREAMING", "MATERIALIZED", "PRIVATE", "TABLE", "VIEW"}


@dataclass(frozen=True, slots=True)
class DeclaredTable:
    """A table as a statement declares it."""

    name: TableName
    expectations: Expectations
    query: str
    comment: str | None = None


def constraints_of(text: str) -> Expectations:
    """The expectations of a list of constraints.

    Raises:
        InvalidInput: It is none.

    Example:
        >>> constraints_of("CONSTRAINT priced EXPECT (price > 0) ON VIOLATION DROP ROW")
    """
    words = _Words(text)
    found = _constraints(words)
    words.end()
    return found


def read_table(text: str) -> DeclaredTable:
    """The table that a statement declares.

    Raises:
        InvalidInput: The statement is none of ours, or has a clause that nothing comes of.
    """
    words = _Words(text.strip().rstrip(";"))
    words.take("CREATE")
    while words.here().upper() in _KINDS:
        words.skip()
    if words.here().upper() == "IF":
        words.take("IF"), words.take("NOT"), words.take("EXISTS")
    name = TableName.parse(words.until("(", "COMMENT", "AS"))
    expectations = Expectations()
    if words.is_at("("):
        words.take("(")
        expectations = _constraints(words)
        words.take(")")
    comment = None
    if words.is_at("COMMENT"):
        words.take("COMMENT")
        comment = words.skip().text
    words.take("AS")
    return DeclaredTable(name, expectations, words.rest(), comment)


def run_sql(session: Session, text: str, **options: Any) -> ExpectationReport:
    """Write the table that a statement declares: its rows replace those there were.

    Args:
        options: As those of :func:`write_expected`.
    """
    found = read_table(text)
    given: dict[str, Any] = {"mode": "overwrite", "comment": found.comment, **options}
    return write_expected(session, found.name, found.query, found.expectations, **given)


def _constraints(words: "_Words") -> Expectations:
    found: list[RowRule] = []
    while True:
        words.take("CONSTRAINT")
        name = words.skip().text
        words.take("EXPECT")
        found.append(RowRule(name, words.in_parentheses(), _action(words)))
        if not words.is_at(","):
            return Expectations(tuple(found))
        words.take(",")


def _action(words: "_Words") -> OnViolation:
    if not words.is_at("ON"):
        return OnViolation.KEEP
    words.take("ON"), words.take("VIOLATION")
    if words.is_at("DROP"):
        words.take("DROP"), words.take("ROW")
        return OnViolation.QUARANTINE
    words.take("FAIL"), words.take("UPDATE")
    return OnViolation.REFUSE


class _Words:
    """The words of a statement, one after the other."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        try:
            self._tokens: list[Token] = tokenize(text, read="databricks")
        except SqlglotError as error:
            raise InvalidInput(f"This is no SQL: {error}.", hint=f"Write {_SPELLING}.") from error

    def here(self) -> str:
        return self._tokens[self._at].text if self._at < len(self._tokens) else ""

    def is_at(self, word: str) -> bool:
        return self.here().upper() == word and not self._is_quoted()

    def skip(self) -> Token:
        if self._at >= len(self._tokens):
            raise InvalidInput("The statement ends too early.", hint=f"Write {_SPELLING}.")
        self._at += 1
        return self._tokens[self._at - 1]

    def take(self, word: str) -> None:
        """Go past a word that has to stand here."""
        if not self.is_at(word):
            raise InvalidInput(f"{word} is missing before {self.here() or 'the end'!r}.", hint=f"Write {_SPELLING}.")
        self._at += 1

    def in_parentheses(self) -> str:
        """The text between the parenthesis here and the one that closes it."""
        self.take("(")
        begin, depth = self._at, 1
        while depth:
            token = self.skip()
            depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(token.token_type, 0)
        first, last = self._tokens[begin], self._tokens[self._at - 1]
        return self._text[first.start : last.start].strip()

    def until(self, *words: str) -> str:
        """The text up to one of the words."""
        begin = self._at
        while not any(self.is_at(word) for word in words):
            self.skip()
        return self._text[self._tokens[begin].start : self._tokens[self._at - 1].end + 1]

    def rest(self) -> str:
        if self._at >= len(self._tokens):
            raise InvalidInput("A query is missing after AS.")
        return self._text[self._tokens[self._at].start :]

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise InvalidInput(f"{self.here()!r} is too much.", hint=f"Write {_SPELLING}.")

    def _is_quoted(self) -> bool:
        if self._at >= len(self._tokens):
            return False
        return self._tokens[self._at].token_type in (TokenType.STRING, TokenType.IDENTIFIER)
