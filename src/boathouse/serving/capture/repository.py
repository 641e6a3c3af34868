"""Which tables the exchanges of endpoints go to: by id, so that a table keeps its task when it gets another name."""

from sqlalchemy import BigInteger, Column, Connection, String, Table, Text, delete, insert, select

from boathouse.metastore import metadata

inference_tables = Table(
    "inference_tables",
    metadata,
    Column("endpoint_id", String(36), primary_key=True),
    Column("kind", String(16), primary_key=True),  # payload, predictions
    Column("target", String(767), primary_key=True),  # catalog.schema.prefix, as configured
    Column("table_id", String(36), nullable=False),
    Column("table_name", Text, nullable=False),  # as it was made
    Column("created_at", BigInteger, nullable=False),
)

_c = inference_tables.c


def find(connection: Connection, endpoint_id: str, kind: str, target: str) -> str | None:
    """The id of the table that exchanges of that kind go to."""
    wanted = select(_c.table_id).where(_c.endpoint_id == endpoint_id, _c.kind == kind, _c.target == target)
    return connection.execute(wanted).scalar()


def ids_of_endpoint(connection: Connection, endpoint_id: str, kind: str) -> list[str]:
    """The ids of the tables of an endpoint, the newest first: more than one where its target was changed."""
    wanted = select(_c.table_id).where(_c.endpoint_id == endpoint_id, _c.kind == kind)
    return list(connection.execute(wanted.order_by(_c.created_at.desc())).scalars())


def put(connection: Connection, endpoint_id: str, kind: str, target: str, table: tuple[str, str], at: int) -> None:
    """Let exchanges go to a table (its id and its name) from now on."""
    key = {"endpoint_id": endpoint_id, "kind": kind, "target": target}
    connection.execute(delete(inference_tables).where(*(_c[name] == value for name, value in key.items())))
    connection.execute(insert(inference_tables).values(**key, table_id=table[0], table_name=table[1], created_at=at))
