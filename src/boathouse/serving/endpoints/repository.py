"""The rows of endpoints: what they serve and by which policy, in time, and what that meant when."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    cast,
    func,
    insert,
    select,
    update,
)

from boathouse.foundation.shapes import fit
from boathouse.metastore import COUNTER, metadata
from boathouse.serving.endpoints.nouns import Endpoint, EndpointConfig, ReadyState, Standing, Wanted
from boathouse.serving.endpoints.policy import EndpointPolicy

endpoints = Table(
    "endpoints",
    metadata,
    Column("endpoint_id", String(36), primary_key=True),
    Column("name", String(63), nullable=False),
    Column("creator", String(255), nullable=False),
    Column("description", Text),
    Column("tags", Text, nullable=False),
    Column("origin", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("config_version", Integer, nullable=False),
    Column("policy_revision", Integer),
    Column("deleted_at", BigInteger),
    Column("deleted_by", String(255)),
    Index("ix_endpoints_name", "name"),
)
endpoint_configs = Table(
    "endpoint_configs",
    metadata,
    Column("endpoint_id", String(36), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", String(255), nullable=False),
)
endpoint_policies = Table(
    "endpoint_policies",
    metadata,
    Column("endpoint_id", String(36), primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False),
    Column("valid_from", BigInteger, nullable=False),
    Column("valid_to", BigInteger),
    Column("principal", String(255), nullable=False),
)
endpoint_standings = Table(
    "endpoint_standings",
    metadata,
    Column("sequence", COUNTER, primary_key=True, autoincrement=True),
    Column("endpoint_id", String(36), nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    Index("ix_endpoint_standings_endpoint_id", "endpoint_id", "sequence"),
)

_e, _c, _p, _s = endpoints.c, endpoint_configs.c, endpoint_policies.c, endpoint_standings.c
_MOST_NAMED = 50
"""Ids in one query; of more endpoints all are read."""
COUNTER_NAME = "serving"
"""Goes up with every change of endpoints and of how they change; whoever writes the snapshot looks at it."""


# --- endpoints


def insert_endpoint(connection: Connection, endpoint: Endpoint) -> None:
    """Keep a new endpoint with its first configuration."""
    connection.execute(
        insert(endpoints).values(
            endpoint_id=endpoint.endpoint_id,
            name=endpoint.name,
            creator=endpoint.creator,
            description=endpoint.description,
            tags=json.dumps(dict(endpoint.tags), ensure_ascii=False),
            origin=endpoint.origin,
            created_at=endpoint.created_at,
            changed_at=endpoint.changed_at,
            config_version=endpoint.config.version,
        )
    )
    _insert_config(connection, endpoint.endpoint_id, endpoint.config)


def add_config(connection: Connection, endpoint_id: str, config: EndpointConfig) -> None:
    """Put the next configuration in force; those before stay."""
    _insert_config(connection, endpoint_id, config)
    change(connection, endpoint_id, config.created_at, config_version=config.version)


def change(connection: Connection, endpoint_id: str, at: int, **values: Any) -> None:
    """Change what is not kept in time: description, tags, origin."""
    if "tags" in values:
        values["tags"] = json.dumps(dict(values["tags"]), ensure_ascii=False)
    connection.execute(update(endpoints).where(_e.endpoint_id == endpoint_id).values(changed_at=at, **values))


def mark_deleted(connection: Connection, endpoint_id: str, at: int, by: str) -> None:
    connection.execute(update(endpoints).where(_e.endpoint_id == endpoint_id).values(deleted_at=at, deleted_by=by))
    connection.execute(_open_policy(endpoint_id).values(valid_to=at))


def find(connection: Connection, name: str) -> Endpoint | None:
    """The endpoint that has the name now."""
    found = _read(connection, _e.name == name, _e.deleted_at.is_(None))
    return found[0] if found else None


def find_by_id(connection: Connection, endpoint_id: str) -> Endpoint | None:
    found = _read(connection, _e.endpoint_id == endpoint_id, _e.deleted_at.is_(None))
    return found[0] if found else None


def every(connection: Connection) -> list[Endpoint]:
    """All that there are, by name."""
    return _read(connection, _e.deleted_at.is_(None))


def id_at(connection: Connection, name: str, instant: int) -> str | None:
    """Which endpoint had the name at an instant, be it deleted by now."""
    lived = (_e.created_at <= instant) & (_e.deleted_at.is_(None) | (_e.deleted_at > instant))
    query = select(_e.endpoint_id).where(_e.name == name, lived).order_by(_e.created_at.desc())
    return connection.execute(query.limit(1)).scalar()


def config(connection: Connection, endpoint_id: str, version: int) -> EndpointConfig | None:
    query = select(endpoint_configs).where(_c.endpoint_id == endpoint_id, _c.version == version)
    row = connection.execute(query).first()
    return None if row is None else _config(row)


def configs(connection: Connection, endpoint_id: str) -> list[EndpointConfig]:
    """All configurations that an endpoint ever had, newest first."""
    query = select(endpoint_configs).where(_c.endpoint_id == endpoint_id).order_by(_c.version.desc())
    return [_config(row) for row in connection.execute(query)]


def config_at(connection: Connection, endpoint_id: str, instant: int) -> EndpointConfig | None:
    query = select(endpoint_configs).where(_c.endpoint_id == endpoint_id, _c.created_at <= instant)
    row = connection.execute(query.order_by(_c.version.desc()).limit(1)).first()
    return None if row is None else _config(row)


# --- policies


def put_policy(connection: Connection, endpoint_id: str, policy: EndpointPolicy, at: int, by: str) -> int:
    """Put a policy in force; gives its revision."""
    connection.execute(_open_policy(endpoint_id).values(valid_to=at))
    last = select(_p.revision).where(_p.endpoint_id == endpoint_id).order_by(_p.revision.desc()).limit(1)
    revision = (connection.execute(last).scalar() or 0) + 1
    document = json.dumps(policy_document(policy), ensure_ascii=False)
    connection.execute(
        insert(endpoint_policies).values(
            endpoint_id=endpoint_id, revision=revision, document=document, valid_from=at, principal=by
        )
    )
    change(connection, endpoint_id, at, policy_revision=revision)
    return revision


def withdraw_policy(connection: Connection, endpoint_id: str, at: int) -> None:
    """The defaults hold again."""
    connection.execute(_open_policy(endpoint_id).values(valid_to=at))
    change(connection, endpoint_id, at, policy_revision=None)


def policy(connection: Connection, endpoint_id: str, revision: int | None) -> EndpointPolicy:
    """A revision of an endpoint's policy; None means the defaults."""
    query = select(_p.document).where(_p.endpoint_id == endpoint_id, _p.revision == revision)
    text = None if revision is None else connection.execute(query).scalar()
    return EndpointPolicy() if text is None else fit(EndpointPolicy, json.loads(text), what="The endpoint's policy")


def policy_document(policy: EndpointPolicy) -> dict[str, Any]:
    """A policy as it is stored, compared and shown: what was said, without defaults."""
    return policy.model_dump(mode="json", exclude_defaults=True)


def policy_revision_at(connection: Connection, endpoint_id: str, instant: int) -> int | None:
    held = (_p.valid_from <= instant) & (_p.valid_to.is_(None) | (_p.valid_to > instant))
    return connection.execute(select(_p.revision).where(_p.endpoint_id == endpoint_id, held)).scalar()


# --- what it meant


def add_standing(connection: Connection, endpoint_id: str, standing: Standing) -> None:
    document = asdict(standing)
    del document["since"]
    text = json.dumps(document, ensure_ascii=False)
    connection.execute(insert(endpoint_standings).values(endpoint_id=endpoint_id, since=standing.since, document=text))


def standing(connection: Connection, endpoint_id: str, *, at: int | None = None) -> Standing | None:
    """What the endpoint stands for, or stood for at an instant."""
    query = select(endpoint_standings).where(_s.endpoint_id == endpoint_id)
    if at is not None:
        query = query.where(_s.since <= at)
    row = connection.execute(query.order_by(_s.sequence.desc()).limit(1)).first()
    return None if row is None else _standing(row)


def newest_standings(connection: Connection, ids: Sequence[str]) -> dict[str, Standing]:
    """What endpoints stand for, by id; those that nobody has looked at yet are left out."""
    newest = select(func.max(_s.sequence)).group_by(_s.endpoint_id)
    if len(ids) <= _MOST_NAMED:
        newest = newest.where(_s.endpoint_id.in_(ids))
    query = select(endpoint_standings).where(_s.sequence.in_(newest))
    return {row.endpoint_id: _standing(row) for row in connection.execute(query)}


def standings(connection: Connection, endpoint_id: str, limit: int = 100) -> list[Standing]:
    """What an endpoint stood for, newest first."""
    query = select(endpoint_standings).where(_s.endpoint_id == endpoint_id).order_by(_s.sequence.desc()).limit(limit)
    return [_standing(row) for row in connection.execute(query)]


def every_standing(connection: Connection) -> list[tuple[Row[Any], Standing]]:
    """Of all endpoints, deleted ones too: what each stood for, in time, with the endpoint's name and who made its
    configuration."""
    version = cast(func.json_extract(_s.document, "$.config_version"), Integer)
    if connection.dialect.name == "postgresql":
        version = cast(cast(_s.document, JSON)["config_version"].as_string(), Integer)
    joined = endpoint_standings.join(endpoints, _s.endpoint_id == _e.endpoint_id).join(
        endpoint_configs, (_c.endpoint_id == _s.endpoint_id) & (_c.version == version)
    )
    query = select(endpoint_standings, _e.name, _e.deleted_at, _c.created_by).select_from(joined)
    return [(row, _standing(row)) for row in connection.execute(query.order_by(_s.sequence))]


# --- within


def _read(connection: Connection, *conditions: Any) -> list[Endpoint]:
    joined = endpoints.join(endpoint_configs, (_c.endpoint_id == _e.endpoint_id) & (_c.version == _e.config_version))
    columns = (_c.version, _c.document, _c.created_at.label("configured_at"), _c.created_by)
    query = select(endpoints, *columns).select_from(joined).where(*conditions).order_by(_e.name)
    rows = connection.execute(query).all()
    known = newest_standings(connection, [row.endpoint_id for row in rows])
    return [_endpoint(row, known.get(row.endpoint_id)) for row in rows]


def _endpoint(row: Row[Any], known: Standing | None) -> Endpoint:
    stored = _wanted().validate_json(row.document)
    held = EndpointConfig(
        row.version, stored.entities, stored.routes, stored.capture, row.configured_at, row.created_by
    )
    return Endpoint(
        endpoint_id=row.endpoint_id,
        name=row.name,
        config=held,
        creator=row.creator,
        created_at=row.created_at,
        changed_at=row.changed_at,
        state=known.state if known else ReadyState.NOT_READY,
        why=known.why if known else None,
        description=row.description,
        tags=json.loads(row.tags),
        policy_revision=row.policy_revision,
        origin=row.origin,
    )


def _insert_config(connection: Connection, endpoint_id: str, config: EndpointConfig) -> None:
    document = _wanted().dump_python(Wanted(config.entities, config.routes, config.capture), mode="json")
    if config.reason:
        document["reason"] = config.reason
    connection.execute(
        insert(endpoint_configs).values(
            endpoint_id=endpoint_id,
            version=config.version,
            document=json.dumps(document),
            created_at=config.created_at,
            created_by=config.created_by,
        )
    )


def _config(row: Row[Any]) -> EndpointConfig:
    stored = _wanted().validate_json(row.document)
    reason = json.loads(row.document).get("reason")
    return EndpointConfig(
        row.version, stored.entities, stored.routes, stored.capture, row.created_at, row.created_by, reason
    )


def _standing(row: Row[Any]) -> Standing:
    return _standings().validate_python({**json.loads(row.document), "since": row.since})


def _open_policy(endpoint_id: str) -> Any:
    return update(endpoint_policies).where(_p.endpoint_id == endpoint_id, _p.valid_to.is_(None))


@cache
def _wanted() -> TypeAdapter[Wanted]:
    return TypeAdapter(Wanted)


@cache
def _standings() -> TypeAdapter[Standing]:
    return TypeAdapter(Standing)


def names_of(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    """What endpoints are called, or were when they were deleted, by id."""
    query = select(_e.endpoint_id, _e.name).where(_e.endpoint_id.in_(ids))
    return {row.endpoint_id: row.name for row in connection.execute(query)}
