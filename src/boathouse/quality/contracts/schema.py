"""The tables of contracts: what is attached to which table, what was, and what checks came to."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from boathouse.metastore import COUNTER, metadata

contracts = Table(
    "contracts",
    metadata,
    Column("table_id", String(36), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("quarantine", Text, nullable=False),
    Column("attached_at", BigInteger, nullable=False),
    Column("detached_at", BigInteger),
    Column("broken", Text),  # JSON: the rules that did not hold at the last check
)
contract_revisions = Table(
    "contract_revisions",
    metadata,
    Column("table_id", String(36), primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False),
    Column("contract_id", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("owner", Text),
    Column("valid_from", BigInteger, nullable=False),
    Column("valid_to", BigInteger),
    Column("principal", String(255), nullable=False),
)
contract_checks = Table(
    "contract_checks",
    metadata,
    Column("check_id", COUNTER, primary_key=True, autoincrement=True),
    Column("table_id", String(36), nullable=False),
    Column("revision", Integer),
    Column("checked_at", BigInteger, nullable=False),
    Column("table_version", BigInteger),
    Column("is_broken", Boolean, nullable=False),
    Column("document", Text, nullable=False),
    Column("principal", String(255), nullable=False),
    Index("ix_contract_checks_table_id", "table_id", "check_id"),
    sqlite_autoincrement=True,
)
