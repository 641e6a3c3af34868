"""ALTER, OPTIMIZE, VACUUM, RESTORE and EXPLAIN: their grammar is ours."""

from collections.abc import Callable

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError

from boathouse.catalog import SecurableKind
from boathouse.session.sql.creation import KEY_OPTIONS, key_of, read_create_table
from boathouse.session.sql.dialect import DatabricksSql
from boathouse.session.sql.problems import Unsupported
from boathouse.session.sql.statements import (
    AddColumns,
    AddConstraint,
    AddPrimaryKey,
    AlterSecurable,
    AlterTable,
    AlterView,
    CommentColumn,
    CreateTable,
    DropConstraint,
    DropPrimaryKey,
    Explain,
    Optimize,
    RequireColumn,
    Restore,
    SetProperties,
    Statement,
    UnsetProperties,
    Vacuum,
)
from boathouse.session.sql.tagging import read_keys, read_pairs, read_tags
from boathouse.session.sql.words import Words

K = SecurableKind

_ANEW = "Make the table anew: CREATE OR REPLACE TABLE ... AS SELECT ... with the columns as they shall be."

_NO_FOREIGN_KEY = "Say it in the comment of the table."


def read_alter_table(words: Words) -> Statement:
    """``ALTER TABLE name ...``.

    Raises:
        Unsupported: The change needs a feature of Delta that we do not write.
    """
    name = words.name("the name of a table")
    if (common := _common(words, K.TABLE, name)) is not None:
        return common
    if words.take("ADD", "CONSTRAINT"):
        return AlterTable(name, _constraint(words))
    if words.take("DROP", "CONSTRAINT"):
        if_exists = words.take("IF", "EXISTS")
        constraint = words.part("the name of a constraint")
        words.take_one_of("RESTRICT", "CASCADE")
        return AlterTable(name, DropConstraint(constraint, if_exists))
    if words.take_one_of("ADD COLUMNS", "ADD COLUMN"):
        return AlterTable(name, AddColumns(_columns(words)))
    if words.take_one_of("RENAME COLUMN", "DROP COLUMNS", "DROP COLUMN"):
        raise Unsupported("Renaming or dropping a column", hint=_ANEW)
    if words.take_one_of("ALTER COLUMN", "CHANGE COLUMN", "ALTER", "CHANGE"):
        column = words.part("the name of a column")
        return read_tags(words, K.TABLE, name, column) or AlterTable(name, _column(words, column))
    if (change := _key_change(words)) is not None:
        return AlterTable(name, change)
    if words.take("SET", "TBLPROPERTIES"):
        return AlterTable(name, SetProperties(read_pairs(words)))
    if words.take("UNSET", "TBLPROPERTIES"):
        if_exists = words.take("IF", "EXISTS")
        return AlterTable(name, UnsetProperties(read_keys(words), if_exists))
    raise words.problem("expected ADD, DROP, ALTER COLUMN, SET, UNSET or RENAME TO")


def read_alter_view(words: Words) -> Statement:
    """``ALTER VIEW name ...``: another query, or what can be said of anything governed."""
    name = words.name("the name of a view")
    if words.take_one_of("ALTER COLUMN", "ALTER"):
        tagged = read_tags(words, K.TABLE, name, words.part("the name of a column"))
        if tagged is None:
            raise words.problem("expected SET TAGS or UNSET TAGS")
        return tagged
    if (common := _common(words, K.TABLE, name)) is not None:
        return common
    words.expect("AS")
    return AlterView(name, words.rest())


def read_alter(kind: SecurableKind) -> Callable[[Words], Statement]:
    """``ALTER CATALOG``, ``SCHEMA``, ``VOLUME`` or ``FUNCTION``."""

    def read(words: Words) -> Statement:
        name = words.name(f"the name of a {kind.value}")
        common = _common(words, kind, name)
        if common is None:
            raise words.problem("expected SET OWNER TO, OWNER TO, SET TAGS, UNSET TAGS or RENAME TO")
        return common

    return read


def read_optimize(words: Words) -> Statement:
    """``OPTIMIZE name [WHERE partitions] [ZORDER BY (columns)]``."""
    name = words.name("the name of a table")
    where = words.until("ZORDER") if words.take("WHERE") else None
    columns: tuple[str, ...] = ()
    if words.take("ZORDER", "BY"):
        in_parentheses = words.symbol("(")
        found = [words.part("the name of a column")]
        while words.symbol(","):
            found.append(words.part("the name of a column"))
        if in_parentheses:
            words.expect_symbol(")")
        columns = tuple(found)
    return Optimize(name, where, columns)


def read_vacuum(words: Words) -> Statement:
    """``VACUUM name [RETAIN n HOURS] [DRY RUN]``."""
    name = words.name("the name of a table")
    hours: float | None = None
    if words.take("RETAIN"):
        text = words.option()
        try:
            hours = float(text)
        except ValueError:
            raise words.problem("expected a number of hours") from None
        words.expect("HOURS")
    return Vacuum(name, hours, words.take("DRY", "RUN"))


def read_restore(words: Words) -> Statement:
    """``RESTORE [TABLE] name TO VERSION AS OF n | TIMESTAMP AS OF instant``."""
    words.take("TABLE")
    name = words.name("the name of a table")
    words.take("TO")
    if words.take("VERSION", "AS", "OF"):
        return Restore(name, version=_constant(words))
    words.expect("TIMESTAMP", "AS", "OF")
    return Restore(name, timestamp=_constant(words))


def read_explain(words: Words) -> Statement:
    """``EXPLAIN [EXTENDED | FORMATTED] query``."""
    style = words.take_one_of("EXTENDED", "FORMATTED", "CODEGEN", "COST") or ""
    if style in ("CODEGEN", "COST"):
        raise Unsupported(f"EXPLAIN {style}", hint="Use EXPLAIN or EXPLAIN EXTENDED.")
    return Explain(words.rest(), extended=bool(style))


def _common(words: Words, kind: SecurableKind, name: tuple[str, ...]) -> Statement | None:
    """What can be said of anything governed."""
    if words.take_one_of("SET OWNER TO", "OWNER TO"):
        return AlterSecurable(kind, name, owner=words.part("the name of a principal"))
    if words.take("RENAME", "TO"):
        return AlterSecurable(kind, name, new_name=words.name("the new name"))
    return read_tags(words, kind, name)


def _constraint(words: Words) -> AddConstraint | AddPrimaryKey:
    name = words.part("the name of a constraint")
    if words.take_key("PRIMARY"):
        return _primary_key(words, name)
    if words.take_key("FOREIGN"):
        raise Unsupported("FOREIGN KEY", hint=_NO_FOREIGN_KEY)
    if not words.take("CHECK"):
        raise Unsupported(
            "A constraint other than CHECK and PRIMARY KEY",
            hint="Write ADD CONSTRAINT name CHECK (condition) or ADD CONSTRAINT name PRIMARY KEY (columns).",
        )
    words.expect_symbol("(")
    rest = words.rest().rstrip()  # up to the end: in a condition ``<`` opens nothing
    if not rest.endswith(")"):
        raise words.problem("expected )")
    return AddConstraint(name, rest[:-1].strip())


def _key_change(words: Words) -> AddPrimaryKey | DropPrimaryKey | None:
    """``ADD`` or ``DROP`` of a key without a name; nothing else begins with these words at this place."""
    verb = words.take_one_of("ADD", "DROP")
    if verb is None:
        return None
    if words.take_key("FOREIGN"):
        raise Unsupported("FOREIGN KEY", hint=_NO_FOREIGN_KEY)
    if not words.take_key("PRIMARY"):
        raise words.problem(f"expected CONSTRAINT, PRIMARY KEY or a column after {verb}")
    if verb == "ADD":
        return _primary_key(words, "")
    if_exists = words.take("IF", "EXISTS")
    words.take_one_of("RESTRICT", "CASCADE")
    return DropPrimaryKey(if_exists)


def _primary_key(words: Words, name: str) -> AddPrimaryKey:
    """``(a, t TIMESERIES)`` and what may follow."""
    words.expect_symbol("(")
    columns, times = list[str](), list[str]()
    while True:
        column = words.part("the name of a column")
        (times if words.take("TIMESERIES") else columns).append(column)
        if not words.symbol(","):
            break
    words.expect_symbol(")")
    while words.take_one_of(*sorted(KEY_OPTIONS)):
        pass
    return AddPrimaryKey(key_of(name, columns, times))


def _columns(words: Words) -> CreateTable:
    text = words.rest().strip()
    text = text if text.startswith("(") else f"({text})"
    try:
        tree = sqlglot.parse_one(f"CREATE TABLE added {text}", read=DatabricksSql)
    except ParseError as error:
        raise words.problem("the columns cannot be read; write name TYPE [COMMENT 'text']") from error
    assert isinstance(tree, exp.Create)
    return read_create_table(tree)


def _column(words: Words, column: str) -> CommentColumn | RequireColumn:
    if words.take("COMMENT"):
        return CommentColumn(column, words.string("the comment as a string"))
    if words.take("SET", "NOT", "NULL"):
        return RequireColumn(column, required=True)
    if words.take("DROP", "NOT", "NULL"):
        return RequireColumn(column, required=False)
    if words.take("TYPE"):
        words.rest()
        raise Unsupported("Changing the type of a column", hint=_ANEW)
    if words.take_one_of("SET DEFAULT", "DROP DEFAULT", "FIRST", "AFTER"):
        raise Unsupported("Defaults and positions of columns")
    raise words.problem("expected COMMENT, SET NOT NULL, DROP NOT NULL, SET TAGS or UNSET TAGS")


def _constant(words: Words) -> exp.Expr:
    if words.symbol(":"):
        return exp.Placeholder(this=words.part("the name of a parameter"))
    text = words.option()
    return exp.Literal.number(text) if text.isdigit() else exp.Literal.string(text)
