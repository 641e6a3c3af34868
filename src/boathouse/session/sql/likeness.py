"""``LIKE``: a backslash escapes, as Databricks has it; DuckDB has no escape unless told."""

from sqlglot import exp

from boathouse.foundation.errors import InvalidInput
from boathouse.session.sql.dialect import native


def like(word: str, text: exp.Expr, pattern: exp.Expr, escape: str = "\\", *, negated: bool = False) -> exp.Expr:
    """``text [NOT] LIKE pattern ESCAPE escape``; ``word`` is LIKE or ILIKE."""
    if len(escape) != 1:
        raise InvalidInput(f"The escape character {escape!r} must be one character.")
    negation = "NOT " if negated else ""
    return native(f"(({{0}}) {negation}{word} ({{1}}) ESCAPE {{2}})", text, pattern, exp.Literal.string(escape))


def like_each(word: str, text: exp.Expr, patterns: exp.Expr, *, negated: bool) -> exp.Expr:
    """``text [NOT] LIKE ANY | ALL (patterns)``."""
    inner = patterns.this.unnest() if isinstance(patterns.this, exp.Paren) else patterns.this
    choices = inner.expressions if isinstance(inner, exp.Tuple) else [inner]
    if not choices or isinstance(inner, exp.Subquery | exp.Select):
        raise InvalidInput("LIKE ANY and LIKE ALL take patterns in parentheses.", hint="Write LIKE ANY ('a%', 'b%').")
    tests = [like(word, text.copy(), choice, negated=negated) for choice in choices]
    joiner = " OR " if isinstance(patterns, exp.Any) else " AND "
    return native("(" + joiner.join(f"{{{i}}}" for i in range(len(tests))) + ")", *tests)
