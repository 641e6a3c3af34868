"""Tags in statements: SET TAGS and UNSET TAGS at the end of an ALTER, and SET TAG ON, UNSET TAG ON; and the lists in
parentheses that they are written in, as properties are."""

from boathouse.catalog import SecurableKind
from boathouse.session.sql.statements import AlterSecurable
from boathouse.session.sql.words import Words

K = SecurableKind

_ON = {
    "CATALOG": K.CATALOG,
    "SCHEMA": K.SCHEMA,
    "DATABASE": K.SCHEMA,
    "TABLE": K.TABLE,
    "VIEW": K.TABLE,
    "VOLUME": K.VOLUME,
    "FUNCTION": K.FUNCTION,
}


def read_tags(
    words: Words, kind: SecurableKind, name: tuple[str, ...], column: str | None = None
) -> AlterSecurable | None:
    """``SET TAGS ('k' = 'v', ...)`` or ``UNSET TAGS ('k', ...)``, if that comes next."""
    if words.take("SET", "TAGS"):
        return AlterSecurable(kind, name, tags=read_pairs(words), column=column)
    if words.take("UNSET", "TAGS"):
        return AlterSecurable(kind, name, untag=read_keys(words), column=column)
    return None


def read_set_tag(words: Words) -> AlterSecurable:
    """What comes after ``SET TAG ON``: ``COLUMN table.column key [= value]``, and so for other things."""
    kind, name, column = _target(words)
    key = _word(words, "the key of a tag")
    value = _word(words, "the value of the tag") if words.symbol("=") else ""
    return AlterSecurable(kind, name, tags={key: value}, column=column)


def read_unset_tag(words: Words) -> AlterSecurable:
    """What comes after ``UNSET TAG ON``."""
    kind, name, column = _target(words)
    return AlterSecurable(kind, name, untag=(_word(words, "the key of a tag"),), column=column)


def read_pairs(words: Words) -> dict[str, str]:
    """``('k' = 'v', 'k')``; a key alone has the empty text."""
    words.expect_symbol("(")
    pairs: dict[str, str] = {}
    while True:
        key = _key(words)
        if words.symbol("=") or not (words.at_symbol(",") or words.at_symbol(")")):
            pairs[key] = words.option()
        else:
            pairs[key] = ""
        if not words.symbol(","):
            words.expect_symbol(")")
            return pairs


def read_keys(words: Words) -> tuple[str, ...]:
    """``('k', 'k')``."""
    words.expect_symbol("(")
    keys = [_key(words)]
    while words.symbol(","):
        keys.append(_key(words))
    words.expect_symbol(")")
    return tuple(keys)


def _target(words: Words) -> tuple[SecurableKind, tuple[str, ...], str | None]:
    if words.take("COLUMN"):
        *table, column = words.name("the name of a column, behind that of its table")
        if not table:
            raise words.problem("expected the name of a table before that of its column: table.column")
        return K.TABLE, tuple(table), column
    noun = words.take_one_of(*_ON)
    if noun is None:
        raise words.problem(f"expected COLUMN, {', '.join(_ON)}")
    return _ON[noun], words.name(f"the name of a {noun.lower()}"), None


def _word(words: Words, what: str) -> str:
    return words.option() if words.at_text() else words.part(what)


def _key(words: Words) -> str:
    key = words.option()
    while words.symbol("."):
        key += "." + words.option()
    return key
