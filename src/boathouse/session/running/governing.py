"""Statements about governed things: each is one verb of the law."""

from boathouse.catalog import METASTORE_NAME, SecurableKind
from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.foundation.names import CatalogName, TableName
from boathouse.session.result import Result, result_of
from boathouse.session.running.access import Access
from boathouse.session.sql.statements import ChangeGrants, CommentOn, CreateContainer, Drop, Parts

K = SecurableKind


def full_name(access: Access, kind: SecurableKind, parts: Parts) -> str:
    """The canonical full name that parts mean in the session's namespace."""
    match kind:
        case K.METASTORE:
            return METASTORE_NAME
        case K.CATALOG:
            if len(parts) != 1:
                raise InvalidInput(f"{'.'.join(parts)!r} is not the name of a catalog.")
            return str(CatalogName(parts[0]))
        case K.SCHEMA:
            return str(access.namespace.schema_name(parts))
        case K.VOLUME:
            return str(access.namespace.volume(parts))
        case _:
            return str(access.namespace.table(parts))


def create_container(access: Access, statement: CreateContainer) -> Result:
    """CREATE CATALOG, SCHEMA or VOLUME."""
    law, who, comment = access.law, access.principal, statement.comment
    if statement.if_not_exists and _is_there(access, statement):
        return done()
    match statement.kind:
        case K.CATALOG:
            law.create_catalog(who, full_name(access, K.CATALOG, statement.name), comment=comment)
        case K.SCHEMA:
            law.create_schema(who, access.namespace.schema_name(statement.name), comment=comment)
        case _:
            law.create_volume(who, access.namespace.volume(statement.name), comment=comment)
    return done()


def _is_there(access: Access, statement: CreateContainer) -> bool:
    try:
        access.law.get(access.principal, statement.kind, full_name(access, statement.kind, statement.name))
    except NotFound:
        return False
    return True


def drop(access: Access, statement: Drop) -> Result:
    """DROP CATALOG, SCHEMA, TABLE, VIEW, FUNCTION or VOLUME."""
    if statement.is_view and len(statement.name) == 1 and access.temporary.pop(statement.name[0].lower(), None):
        return done()
    name = full_name(access, statement.kind, statement.name)
    try:
        if statement.kind is K.TABLE:
            _require_kind_of_table(access, TableName.parse(name), is_view=statement.is_view)
        access.law.drop(access.principal, statement.kind, name, cascade=statement.cascade)
    except NotFound:
        if not statement.if_exists:
            raise
    return done()


def _require_kind_of_table(access: Access, name: TableName, *, is_view: bool) -> None:
    """Nobody shall drop data when they meant a query."""
    found = access.law.table(access.principal, name)
    if (found.view is not None) != is_view:
        noun, other = ("table", "view") if is_view else ("view", "table")
        raise InvalidInput(f"{name} is a {noun}, not a {other}.", hint=f"Write DROP {noun.upper()} {name}.")


def comment_on(access: Access, statement: CommentOn) -> Result:
    """COMMENT ON ... IS."""
    text = access.parameters.constant(statement.comment)
    if text is not None and not isinstance(text, str):
        raise InvalidInput("A comment is a text or NULL.")
    name = full_name(access, statement.kind, statement.name)
    access.law.set_comment(access.principal, statement.kind, name, text)
    return done()


def change_grants(access: Access, statement: ChangeGrants) -> Result:
    """GRANT and REVOKE."""
    verb = access.law.revoke if statement.revoke else access.law.grant
    name = full_name(access, statement.kind, statement.name)
    verb(access.principal, statement.grantee, statement.privileges, statement.kind, name)
    return done()


def done() -> Result:
    """The result of a statement that has no rows."""
    return result_of({"status": []})
