"""CREATE of a table of whose rows something is expected, as declarative pipelines write it; its grammar is ours."""

from boathouse.catalog.contract_rules import OnViolation, RowRule
from boathouse.foundation.errors import InvalidInput
from boathouse.session.sql.problems import Unsupported
from boathouse.session.sql.statements import CreateExpected
from boathouse.session.sql.words import Words

_KINDS = ("STREAMING LIVE TABLE", "STREAMING TABLE", "LIVE TABLE", "MATERIALIZED VIEW", "TABLE")


def has_expectations(words: Words) -> bool:
    """Whether ``CONSTRAINT name EXPECT`` stands somewhere; nothing is read."""
    return words.has("CONSTRAINT", None, "EXPECT")


def read_expected_table(words: Words) -> CreateExpected:
    """The statement, all of it.

    Raises:
        SyntaxProblem: It is not well-formed.
        Unsupported: It asks for something else beside expectations and a query.
    """
    words.expect("CREATE")
    replace = words.take("OR", "REPLACE") or words.take("OR", "REFRESH")
    words.take("PRIVATE")
    if words.take_one_of(*_KINDS) is None:
        raise words.problem("expected TABLE, STREAMING TABLE or MATERIALIZED VIEW")
    if_not_exists = words.take("IF", "NOT", "EXISTS")
    if if_not_exists and replace:
        raise InvalidInput("OR REPLACE and IF NOT EXISTS contradict each other.")
    name = words.name("the name of a table")
    rules: tuple[RowRule, ...] = ()
    if words.symbol("("):
        if not words.at("CONSTRAINT"):
            raise Unsupported("Columns together with expectations", hint="Name and cast the columns in the SELECT.")
        rules = read_expectations(words)
        words.expect_symbol(")")
    comment = words.string("the comment as a string") if words.take("COMMENT") else None
    if words.finished:
        raise Unsupported(
            "A table with expectations and without a query",
            hint="Add AS SELECT ...; what each later write has to keep to, a contract says: boathouse contract attach",
        )
    words.expect("AS")
    return CreateExpected(name, rules, words.rest(), comment, replace, if_not_exists)


def read_expectations(words: Words) -> tuple[RowRule, ...]:
    """``CONSTRAINT name EXPECT (condition) [ON VIOLATION DROP ROW | FAIL UPDATE], ...``"""
    found: list[RowRule] = []
    while True:
        words.expect("CONSTRAINT")
        name = words.part("the name of an expectation")
        if name in (each.name for each in found):
            raise InvalidInput(f"Two expectations are called {name}.", hint="Give each a name of its own.")
        words.expect("EXPECT")
        found.append(RowRule(name, words.in_parentheses(), _action(words)))
        if not words.symbol(","):
            return tuple(found)


def _action(words: Words) -> OnViolation:
    if not words.take("ON", "VIOLATION"):
        return OnViolation.KEEP
    if words.take("DROP", "ROW"):
        return OnViolation.QUARANTINE
    words.expect("FAIL", "UPDATE")
    return OnViolation.REFUSE
