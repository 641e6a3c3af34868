"""The statements about governed things themselves: their grammar is ours."""

from collections.abc import Callable

from boathouse.catalog import METASTORE_NAME, Privilege, SecurableKind
from boathouse.foundation.errors import InvalidInput
from boathouse.session.sql.alteration import (
    read_alter,
    read_alter_table,
    read_alter_view,
    read_explain,
    read_optimize,
    read_restore,
    read_vacuum,
)
from boathouse.session.sql.function_definitions import read_create_function
from boathouse.session.sql.problems import Unsupported
from boathouse.session.sql.statements import (
    ChangeGrants,
    CommentOn,
    CopyInto,
    CreateContainer,
    Describe,
    Drop,
    Show,
    ShowGrants,
    Statement,
    Use,
)
from boathouse.session.sql.tagging import read_set_tag, read_unset_tag
from boathouse.session.sql.views import read_create_view
from boathouse.session.sql.words import Words

K = SecurableKind
_KINDS = {
    "CATALOG": K.CATALOG,
    "SCHEMA": K.SCHEMA,
    "DATABASE": K.SCHEMA,
    "TABLE": K.TABLE,
    "VIEW": K.TABLE,
    "VOLUME": K.VOLUME,
    "FUNCTION": K.FUNCTION,
}
_GRANTABLE = {
    **_KINDS,
    "MODEL": K.REGISTERED_MODEL,
    "REGISTERED MODEL": K.REGISTERED_MODEL,
    "METASTORE": K.METASTORE,
}
_SHOWN = {
    "CATALOGS": "CATALOGS",
    "SCHEMAS": "SCHEMAS",
    "DATABASES": "SCHEMAS",
    "TABLES": "TABLES",
    "VOLUMES": "VOLUMES",
    "VIEWS": "VIEWS",
    "USER FUNCTIONS": "FUNCTIONS",
    "ALL FUNCTIONS": "ALL FUNCTIONS",
    "SYSTEM FUNCTIONS": "SYSTEM FUNCTIONS",
    "FUNCTIONS": "ALL FUNCTIONS",
    "COLUMNS": "COLUMNS",
    "TBLPROPERTIES": "TBLPROPERTIES",
    "CREATE TABLE": "CREATE TABLE",
}


def read_governance(words: Words) -> Statement | None:
    """The statement, or None when it is not one of these.

    Raises:
        SyntaxProblem: It is one of these, and not well-formed.
    """
    for beginning, read in _READERS.items():
        if words.take(*beginning.split()):
            statement = read(words)
            words.end()
            return statement
    return None


def _create(kind: SecurableKind) -> Callable[[Words], Statement]:
    def read(words: Words) -> Statement:
        if_not_exists = words.take("IF", "NOT", "EXISTS")
        name = words.name(f"the name of a {kind.value}")
        comment = None
        while not words.finished:
            if words.take("COMMENT"):
                comment = words.string("the comment as a string")
            elif words.take("LOCATION") or words.take("MANAGED", "LOCATION"):
                raise Unsupported("LOCATION", hint="Boathouse keeps managed data in its home folder.")
            else:
                words.end()
        return CreateContainer(kind, name, comment, if_not_exists)

    return read


def _create_view(*, replace: bool = False, temporary: bool = False) -> Callable[[Words], Statement]:
    return lambda words: read_create_view(words, replace=replace, temporary=temporary)


def _create_function(*, replace: bool = False) -> Callable[[Words], Statement]:
    return lambda words: read_create_function(words, replace=replace)


def _drop(kind: SecurableKind, *, is_view: bool = False) -> Callable[[Words], Statement]:
    def read(words: Words) -> Statement:
        if_exists = words.take("IF", "EXISTS")
        name = words.name(f"the name of a {kind.value}")
        cascade = words.take("CASCADE")
        if not cascade:
            words.take("RESTRICT")
        return Drop(kind, name, if_exists, cascade, is_view)

    return read


def _comment(words: Words) -> Statement:
    spelled = words.take_one_of(*_KINDS)
    if spelled is None:
        raise words.problem("expected CATALOG, SCHEMA, TABLE, VIEW, FUNCTION or VOLUME")
    name = words.name()
    words.expect("IS")
    return CommentOn(_KINDS[spelled], name, words.value("the comment as a string"))


def _describe(words: Words) -> Statement:
    for spelled in ("CATALOG", "SCHEMA", "DATABASE", "VOLUME"):
        if words.at(spelled) and not words.at(spelled, "."):
            words.take(spelled)
            style = "EXTENDED" if words.take("EXTENDED") else ""
            return Describe(_KINDS[spelled], words.name(), style)
    if words.at("FUNCTION") and not words.at("FUNCTION", "."):
        words.take("FUNCTION")
        extended = "EXTENDED" if words.take("EXTENDED") else ""
        return Describe(K.FUNCTION, words.name("the name of a function"), extended)
    if words.take("TABLE") or not words.at("HISTORY"):
        words.take("TABLE")
    style = words.take_one_of("EXTENDED", "FORMATTED", "HISTORY", "DETAIL") or ""
    words.take("TABLE")
    return Describe(K.TABLE, words.name("the name of a table"), "EXTENDED" if style == "FORMATTED" else style)


def _show(words: Words) -> Statement:
    if words.take("GRANTS") or words.take("GRANT"):
        return _show_grants(words)
    spelled = words.take_one_of(*_SHOWN)
    if spelled is None:
        raise Unsupported("This SHOW", hint=f"There are SHOW {', '.join(_SHOWN)} and SHOW GRANTS.")
    what, inside, like, key = _SHOWN[spelled], None, None, None
    if what in ("TBLPROPERTIES", "CREATE TABLE"):
        inside = words.name("the name of a table")
    elif words.take_one_of("IN", "FROM"):
        inside = words.name()
        if what == "COLUMNS" and words.take_one_of("IN", "FROM"):
            inside = (*words.name(), *inside)
    if what == "TBLPROPERTIES" and words.symbol("("):
        key = words.option()
        while words.symbol("."):
            key += "." + words.option()
        words.expect_symbol(")")
    elif words.take("LIKE") or (what != "CREATE TABLE" and not words.finished):
        like = words.string("a pattern as a string")
    return Show(what, inside, like, key)


def _show_grants(words: Words) -> Statement:
    grantee = None if words.at("ON") else words.part("the name of a principal")
    words.expect("ON")
    kind, name = _securable(words)
    return ShowGrants(kind, name, grantee)


def _grant(words: Words) -> Statement:
    return _change_grants(words, "TO", revoke=False)


def _revoke(words: Words) -> Statement:
    return _change_grants(words, "FROM", revoke=True)


def _change_grants(words: Words, preposition: str, *, revoke: bool) -> Statement:
    privileges = [_privilege(words)]
    while words.symbol(","):
        privileges.append(_privilege(words))
    words.expect("ON")
    kind, name = _securable(words)
    words.expect(preposition)
    return ChangeGrants(tuple(privileges), kind, name, words.part("the name of a principal"), revoke)


def _privilege(words: Words) -> Privilege:
    spelled: list[str] = []
    while not words.at("ON") and not words.finished and not words.at_symbol(","):
        spelled.append(words.part("a privilege"))
    if spelled[:1] and spelled[0].upper() == "ALL" and len(spelled) <= 2:
        return Privilege.ALL_PRIVILEGES
    return Privilege.parse(" ".join(spelled))


def _securable(words: Words) -> tuple[SecurableKind, tuple[str, ...]]:
    spelled = words.take_one_of(*_GRANTABLE)
    if spelled == "METASTORE":
        return K.METASTORE, (METASTORE_NAME,)
    if spelled is None:
        return K.TABLE, words.name("CATALOG, SCHEMA, TABLE or VOLUME with a name")
    return _GRANTABLE[spelled], words.name()


def _use(words: Words) -> Statement:
    spelled = words.take_one_of("CATALOG", "SCHEMA", "DATABASE")
    name = words.name()
    kind = _KINDS[spelled] if spelled else K.SCHEMA
    if kind is K.CATALOG and len(name) != 1:
        raise words.problem("a catalog has a name of one part")
    return Use(kind, name)


def _copy(words: Words) -> Statement:
    table = words.name("the name of a table")
    words.expect("FROM")
    if words.symbol("("):
        raise Unsupported(
            "COPY INTO ... FROM (SELECT ...)", hint="Use INSERT INTO ... SELECT ... FROM read_files(...)."
        )
    source = words.value("the path of a volume as a string")
    words.expect("FILEFORMAT")
    words.expect_symbol("=")
    file_format = words.part("CSV, JSON or PARQUET")
    files, pattern = _copied_files(words)
    format_options, copy_options = dict[str, str](), dict[str, str]()
    while not words.finished:
        if words.take("FORMAT_OPTIONS"):
            format_options = _options(words)
        elif words.take("COPY_OPTIONS"):
            copy_options = _options(words)
        else:
            words.end()
    merge_schema, force = _copy_options(copy_options)
    return CopyInto(table, source, file_format, files, pattern, format_options, merge_schema, force)


def _copied_files(words: Words) -> tuple[tuple[str, ...], str | None]:
    if words.take("PATTERN"):
        words.expect_symbol("=")
        return (), words.string("a pattern as a string")
    if not words.take("FILES"):
        return (), None
    words.expect_symbol("=")
    words.expect_symbol("(")
    files = [words.string("a file name as a string")]
    while words.symbol(","):
        files.append(words.string("a file name as a string"))
    words.expect_symbol(")")
    return tuple(files), None


def _options(words: Words) -> dict[str, str]:
    words.expect_symbol("(")
    options: dict[str, str] = {}
    while not words.symbol(")"):
        name = words.option()
        words.expect_symbol("=")
        options[name] = words.option()
        words.symbol(",")
    return options


def _copy_options(options: dict[str, str]) -> tuple[bool, bool]:
    known = {name.lower(): value.lower() == "true" for name, value in options.items()}
    unknown = set(known) - {"mergeschema", "force"}
    if unknown:
        raise InvalidInput(f"There is no copy option {sorted(unknown)[0]!r}.", hint="Use mergeSchema or force.")
    return known.get("mergeschema", False), known.get("force", False)


_READERS: dict[str, Callable[[Words], Statement]] = {
    "CREATE CATALOG": _create(K.CATALOG),
    "CREATE SCHEMA": _create(K.SCHEMA),
    "CREATE DATABASE": _create(K.SCHEMA),
    "CREATE VOLUME": _create(K.VOLUME),
    **{
        f"CREATE{' OR REPLACE' * replace}{temporary} VIEW": _create_view(replace=replace, temporary=bool(temporary))
        for replace in (False, True)
        for temporary in ("", " TEMPORARY", " TEMP")
    },
    "CREATE FUNCTION": _create_function(),
    "CREATE OR REPLACE FUNCTION": _create_function(replace=True),
    "ALTER VIEW": read_alter_view,
    "DROP VIEW": _drop(K.TABLE, is_view=True),
    "DROP FUNCTION": _drop(K.FUNCTION),
    "DROP CATALOG": _drop(K.CATALOG),
    "DROP SCHEMA": _drop(K.SCHEMA),
    "DROP DATABASE": _drop(K.SCHEMA),
    "DROP VOLUME": _drop(K.VOLUME),
    "DROP TABLE": _drop(K.TABLE),
    "COMMENT ON": _comment,
    "DESCRIBE": _describe,
    "DESC": _describe,
    "SHOW": _show,
    "GRANT": _grant,
    "REVOKE": _revoke,
    "USE": _use,
    "COPY INTO": _copy,
    "ALTER TABLE": read_alter_table,
    "ALTER CATALOG": read_alter(K.CATALOG),
    "ALTER SCHEMA": read_alter(K.SCHEMA),
    "ALTER DATABASE": read_alter(K.SCHEMA),
    "ALTER VOLUME": read_alter(K.VOLUME),
    "ALTER FUNCTION": read_alter(K.FUNCTION),
    "SET TAG ON": read_set_tag,
    "UNSET TAG ON": read_unset_tag,
    "OPTIMIZE": read_optimize,
    "VACUUM": read_vacuum,
    "RESTORE": read_restore,
    "EXPLAIN": read_explain,
}
