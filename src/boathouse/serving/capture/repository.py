"""Which tables the exchanges of endpoints go to: by id, so that a table keeps its task when it gets another name."""

from dataclasses import asdict, dataclass

from sqlalchemy import BigInteger, Column, Connection, String, Table, Text, delete, insert, select

from boathouse.metastore import metadata

inference_tables = Table(
    "inference_tables",
    metadata,
    Column("endpoint_id", String(36), primary_key=True),
    Column("kind", String(16), primary_key=True),  # payload, predictions
    Column("target", String(767), primary_key=True),  # catalog.schema.prefix, as configured
    Column("endpoint_name", String(255), nullable=False),
    Column("table_id", String(36), nullable=False),
    Column("table_name", Text, nullable=False),  # as it was made
    Column("created_at", BigInteger, nullable=False),
)

_c = inference_tables.c


@dataclass(frozen=True, slots=True)
class Kept:
    """Where the exchanges of an endpoint go."""

    endpoint_id: str
    kind: str
    target: str
    endpoint_name: str
    table_id: str
    table_name: str
    created_at: int


def find(connection: Connection, endpoint_id: str, kind: str, target: str) -> str | None:
    """The id of the table that exchanges of that kind go to."""
    wanted = select(_c.table_id).where(_c.endpoint_id == endpoint_id, _c.kind == kind, _c.target == target)
    return connection.execute(wanted).scalar()


def listed(connection: Connection, endpoint_name: str | None = None) -> list[Kept]:
    """What was remembered of an endpoint, or of all, the newest first."""
    wanted = select(inference_tables).order_by(_c.created_at.desc(), _c.kind)
    if endpoint_name is not None:
        wanted = wanted.where(_c.endpoint_name == endpoint_name)
    return [Kept(**row) for row in connection.execute(wanted).mappings()]


def put(connection: Connection, kept: Kept) -> None:
    """Let exchanges go to a table from now on."""
    key = {"endpoint_id": kept.endpoint_id, "kind": kept.kind, "target": kept.target}
    connection.execute(delete(inference_tables).where(*(_c[name] == value for name, value in key.items())))
    connection.execute(insert(inference_tables).values(**asdict(kept)))
