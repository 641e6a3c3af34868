"""Which kind of thing lies in which, how each is named, and which privileges concern it."""

from functools import lru_cache

from boathouse.catalog.privileges import Privilege
from boathouse.catalog.securables import METASTORE_NAME, SecurableKind
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import (
    CatalogName,
    FunctionName,
    InvalidName,
    ModelName,
    SchemaName,
    TableName,
    ThreeLevelName,
    VolumeName,
)

K, P = SecurableKind, Privilege

SecurableKey = tuple[SecurableKind, str]
"""A kind and a canonical full name: what a live securable is found by."""

ROOT: SecurableKey = (K.METASTORE, METASTORE_NAME)

_NAME_TYPES: dict[SecurableKind, type[ThreeLevelName]] = {
    K.TABLE: TableName,
    K.VOLUME: VolumeName,
    K.FUNCTION: FunctionName,
    K.REGISTERED_MODEL: ModelName,
}
IN_SCHEMA = frozenset(_NAME_TYPES)
"""The kinds that live in a schema."""

NAMED_BY_LEVELS = IN_SCHEMA | {K.CATALOG, K.SCHEMA}
"""The kinds whose full name begins with that of their parent."""

_ABOUT_ANYTHING = frozenset({P.BROWSE, P.MANAGE, P.APPLY_TAG, P.ALL_PRIVILEGES})

_OWN_CONCERNS: dict[SecurableKind, frozenset[Privilege]] = {
    K.METASTORE: frozenset({P.CREATE_CATALOG, P.CREATE_EXPERIMENT, P.CREATE_JOB, P.CREATE_EXTERNAL_TABLE,
                            P.CREATE_EXTERNAL_VOLUME, P.CREATE_SECRET_SCOPE, P.CREATE_ENDPOINT}),
    K.CATALOG: frozenset({P.USE_CATALOG, P.CREATE_SCHEMA}),
    K.SCHEMA: frozenset({P.USE_SCHEMA, P.CREATE_TABLE, P.CREATE_VOLUME, P.CREATE_FUNCTION, P.CREATE_MODEL}),
    K.TABLE: frozenset({P.SELECT, P.MODIFY}),
    K.VOLUME: frozenset({P.READ_VOLUME, P.WRITE_VOLUME}),
    K.FUNCTION: frozenset({P.EXECUTE}),
    K.REGISTERED_MODEL: frozenset({P.EXECUTE, P.CREATE_MODEL_VERSION}),
    K.EXPERIMENT: frozenset({P.READ_EXPERIMENT, P.WRITE_EXPERIMENT}),
    K.ENDPOINT: frozenset({P.EXECUTE}),
    K.JOB: frozenset({P.VIEW_JOB, P.RUN_JOB}),
    K.SECRET_SCOPE: frozenset({P.READ_SECRET, P.WRITE_SECRET}),
}  # fmt: skip

CONCERNS = {kind: privileges | _ABOUT_ANYTHING for kind, privileges in _OWN_CONCERNS.items()}
"""The privileges that say something about a thing of this kind itself. Who holds one of them knows of the thing."""

_BELOW: dict[SecurableKind, frozenset[SecurableKind]] = {
    K.METASTORE: frozenset(K),
    K.CATALOG: IN_SCHEMA | {K.CATALOG, K.SCHEMA},
    K.SCHEMA: IN_SCHEMA | {K.SCHEMA},
}

GRANTABLE: dict[SecurableKind, frozenset[Privilege]] = {
    kind: frozenset[Privilege]().union(*(CONCERNS[below] for below in _BELOW.get(kind, frozenset({kind}))))
    for kind in K
}
"""What can be granted on a kind: what concerns it or anything that can lie in it, since grants inherit downward."""

CREATE_PRIVILEGES: dict[SecurableKind, Privilege] = {
    K.CATALOG: P.CREATE_CATALOG,
    K.SCHEMA: P.CREATE_SCHEMA,
    K.TABLE: P.CREATE_TABLE,
    K.VOLUME: P.CREATE_VOLUME,
    K.FUNCTION: P.CREATE_FUNCTION,
    K.REGISTERED_MODEL: P.CREATE_MODEL,
    K.EXPERIMENT: P.CREATE_EXPERIMENT,
    K.JOB: P.CREATE_JOB,
    K.SECRET_SCOPE: P.CREATE_SECRET_SCOPE,
    K.ENDPOINT: P.CREATE_ENDPOINT,
}
"""What one needs on the parent to make a thing of this kind."""

_LONGEST_ASKED = 800

_KIND_ALIASES = {"model": K.REGISTERED_MODEL, "registeredmodel": K.REGISTERED_MODEL}


def parse_kind(text: str) -> SecurableKind:
    """Read a kind as any client spells it: ``TABLE``, ``registered_model``, ``model``.

    Raises:
        InvalidInput: There is no such kind.
    """
    spelled = text.strip().lower().replace(" ", "_").replace("-", "_")
    try:
        return _KIND_ALIASES.get(spelled.replace("_", "")) or SecurableKind(spelled)
    except ValueError as error:
        raise InvalidInput(
            f"{text!r} is not a kind of securable.", hint=f"Use one of: {', '.join(SecurableKind)}."
        ) from error


@lru_cache(maxsize=8192)
def canonical_name(kind: SecurableKind, full_name: str) -> str:
    """The one spelling under which a thing of this kind is kept.

    Raises:
        InvalidName: No thing of this kind can have that name.
    """
    if kind in _NAME_TYPES:
        return str(_NAME_TYPES[kind].parse(full_name))
    match kind:
        case K.CATALOG:
            return str(CatalogName.parse(full_name))
        case K.SCHEMA:
            return str(SchemaName.parse(full_name))
        case K.METASTORE:
            return METASTORE_NAME
        case K.SECRET_SCOPE:
            return _free_name(kind, full_name).lower()
        case _:
            return _free_name(kind, full_name)


def parent_of(key: SecurableKey) -> SecurableKey | None:
    """Where a thing lies; None for the metastore, the root of everything."""
    kind, full_name = key
    if kind is K.METASTORE:
        return None
    if kind in IN_SCHEMA:
        return K.SCHEMA, full_name.rpartition(".")[0]
    if kind is K.SCHEMA:
        return K.CATALOG, full_name.rpartition(".")[0]
    return ROOT


@lru_cache(maxsize=65_536)
def chain_of(key: SecurableKey) -> tuple[SecurableKey, ...]:
    """The thing and all above it, from the thing to the metastore."""
    above = parent_of(key)
    return (key,) if above is None else (key, *chain_of(above))


def in_words(kind: SecurableKind) -> str:
    """The kind as it stands in a sentence."""
    return kind.value.replace("_", " ")


def asked_name(text: str) -> str:
    """A name that somebody asks for, of whatever kind it may be.

    Raises:
        InvalidName: Nothing can be named so.
    """
    if not text.strip() or len(text) > _LONGEST_ASKED or not text.isprintable():
        raise InvalidName(f"{text[:40]!r} is not a name: 1 to {_LONGEST_ASKED} printable characters.")
    return text.strip()


def _free_name(kind: SecurableKind, text: str) -> str:
    if not text or len(text) > 255 or not text.isprintable():
        raise InvalidName(f"{text[:40]!r} is not a valid {in_words(kind)} name: 1 to 255 printable characters.")
    return text
