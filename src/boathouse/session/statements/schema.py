"""The table of statements that came over REST. What they gave back lies in files."""

from sqlalchemy import BigInteger, Column, Index, String, Table, Text

from boathouse.metastore import metadata

statements = Table(
    "statements",
    metadata,
    Column("statement_id", String(36), primary_key=True),
    Column("principal", String(255), nullable=False),
    Column("state", String(16), nullable=False),
    Column("request", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Column("last_read_at", BigInteger, nullable=False),
)
Index("ix_statements_state", statements.c.state)
Index("ix_statements_principal_created_at", statements.c.principal, statements.c.created_at)
