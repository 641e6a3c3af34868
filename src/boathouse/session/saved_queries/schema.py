"""The table of saved queries."""

from sqlalchemy import BigInteger, Column, Index, String, Table, Text, UniqueConstraint

from boathouse.metastore import metadata

saved_queries = Table(
    "saved_queries",
    metadata,
    Column("query_id", String(36), primary_key=True),
    Column("owner", String(255), nullable=False),
    Column("name", String(255), nullable=False),
    Column("text", Text, nullable=False),
    Column("details", Text, nullable=False),  # JSON: description, parameters, catalog, schema, plot
    Column("sharing", String(16), nullable=False),
    Column("reads", Text, nullable=False),  # JSON: the tables that one who opens it has to be able to read
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("changed_by", String(255), nullable=False),
    UniqueConstraint("owner", "name"),
)
Index("ix_saved_queries_sharing", saved_queries.c.sharing)
