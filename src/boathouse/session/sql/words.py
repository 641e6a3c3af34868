"""Reading a statement word by word: for what sqlglot has no grammar for."""

from collections.abc import Sequence

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from boathouse.session.sql.problems import SyntaxProblem

_NAMES = (TokenType.VAR, TokenType.IDENTIFIER)


class Words:
    """The tokens of one statement and how far they have been read."""

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self.text = text
        self._tokens = tokens
        self._at = 0

    @property
    def _current(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    @property
    def finished(self) -> bool:
        return self._current is None

    def at_symbol(self, text: str) -> bool:
        token = self._current
        return token is not None and not _is_word(token) and token.text == text

    def at_text(self) -> bool:
        """Whether a string or a number comes next."""
        token = self._current
        return token is not None and token.token_type in (TokenType.STRING, TokenType.NUMBER)

    def at(self, *words: str) -> bool:
        """Whether these words come next; nothing is read."""
        coming = self._tokens[self._at : self._at + len(words)]
        return len(coming) == len(words) and all(
            _is_word(token) and token.text.upper() == word for token, word in zip(coming, words, strict=True)
        )

    def has(self, *words: str | None) -> bool:
        """Whether these words stand somewhere, one after the other; None is any."""
        found = [token.text.upper() if _is_word(token) else "" for token in self._tokens]
        starts = range(len(found) - len(words) + 1)
        return any(all(word in (None, found[start + at]) for at, word in enumerate(words)) for start in starts)

    def take(self, *words: str) -> bool:
        """Read these words if they come next."""
        if not self.at(*words):
            return False
        self._at += len(words)
        return True

    def take_key(self, word: str) -> bool:
        """Read ``PRIMARY KEY`` or ``FOREIGN KEY`` if it comes next; to the tokenizer that is one word."""
        token = self._current
        if token is None or _is_text(token) or token.text.upper().split() != [word, "KEY"]:
            return False
        self._at += 1
        return True

    def take_one_of(self, *words: str) -> str | None:
        return next((word for word in words if self.take(*word.split())), None)

    def expect(self, *words: str) -> None:
        if not self.take(*words):
            raise self.problem(f"expected {' '.join(words)}")

    def symbol(self, text: str) -> bool:
        """Read a punctuation mark if it comes next."""
        token = self._current
        if token is None or _is_word(token) or token.token_type is TokenType.STRING or token.text != text:
            return False
        self._at += 1
        return True

    def expect_symbol(self, text: str) -> None:
        if not self.symbol(text):
            raise self.problem(f"expected {text}")

    def part(self, what: str = "a name") -> str:
        """One part of a name: a word, or anything in backticks."""
        token = self._current
        if token is None or token.token_type is TokenType.STRING or not (
            token.token_type in _NAMES or token.text.replace("_", "a").isalnum()
        ):  # fmt: skip
            raise self.problem(f"expected {what}")
        self._at += 1
        return token.text

    def name(self, what: str = "a name") -> tuple[str, ...]:
        """A dotted name."""
        parts = [self.part(what)]
        while self.symbol("."):
            parts.append(self.part(what))
        return tuple(parts)

    def string(self, what: str = "a string") -> str:
        token = self._current
        if token is None or token.token_type not in (TokenType.STRING, TokenType.RAW_STRING):
            raise self.problem(f"expected {what}")
        self._at += 1
        return token.text

    def value(self, what: str = "a string") -> exp.Expr:
        """A string, NULL, or a parameter."""
        if self.take("NULL"):
            return exp.null()
        if self.symbol(":"):
            return exp.Placeholder(this=self.part("the name of a parameter"))
        return exp.Literal.string(self.string(what))

    def rest(self) -> str:
        """Everything that is left, as it was written, with a comment at its beginning."""
        before = self._tokens[self._at - 1].end + 1 if self._at else 0
        self.until()
        return self.text[before : self._tokens[-1].end + 1].strip()

    def until(self, *words: str) -> str:
        """The text up to one of these words, or up to a comma or closing parenthesis that was not opened in it; with no
        words to the end."""
        first, depth = self._at, 0
        while (token := self._current) is not None:
            if words and depth == 0 and (token.text in (",", ")") or (_is_word(token) and token.text.upper() in words)):
                break
            depth += _DEPTHS.get(token.text, 0) if not _is_text(token) else 0
            self._at += 1
        if first == self._at:
            raise self.problem("something is missing here")
        return self.text[self._tokens[first].start : self._tokens[self._at - 1].end + 1]

    def in_parentheses(self) -> str:
        """The text between the parenthesis that comes next and the one that closes it."""
        self.expect_symbol("(")
        first, depth = self._at, 1
        while (token := self._current) is not None:
            depth += {"(": 1, ")": -1}.get(token.text, 0) if not _is_text(token) else 0
            if not depth and first == self._at:
                raise self.problem("something is missing here")
            self._at += 1
            if not depth:
                return self.text[self._tokens[first].start : token.start].rstrip()
        raise self.problem("expected )")

    def option(self) -> str:
        """The value of an option: a string, a number, or true or false."""
        token = self._current
        if token is None or (token.token_type not in (TokenType.STRING, TokenType.NUMBER) and not _is_word(token)):
            raise self.problem("expected a value")
        self._at += 1
        return token.text

    def end(self) -> None:
        if self._current is not None:
            raise self.problem(f"{self._current.text!r} is not expected here")

    def problem(self, reason: str) -> SyntaxProblem:
        token = self._current or (self._tokens[-1] if self._tokens else None)
        if token is None:
            return SyntaxProblem(reason, self.text, 1, 1)
        column = token.col - len(token.text) + 1 if self._current else token.col + 1
        return SyntaxProblem(reason, self.text, token.line, max(1, column))


_DEPTHS = {"(": 1, ")": -1, "<": 1, ">": -1, ">>": -2}
"""What opens and closes; ``<`` does in a type, and elsewhere does no harm."""


def _is_text(token: Token) -> bool:
    return token.token_type in (TokenType.STRING, TokenType.RAW_STRING, TokenType.IDENTIFIER)


def _is_word(token: Token) -> bool:
    return token.token_type is not TokenType.STRING and token.token_type is not TokenType.IDENTIFIER and (
        token.text.replace("_", "a").isalnum()
    )  # fmt: skip
