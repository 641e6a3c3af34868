"""The tables of incidents and playbooks."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from boathouse.metastore import COUNTER, metadata

playbooks = Table(
    "playbooks",
    metadata,
    Column("name_key", String(400), primary_key=True),
    Column("name", String(400), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("job_id", BigInteger),
    Column("origin", Text),
)
playbook_revisions = Table(
    "playbook_revisions",
    metadata,
    Column("name_key", String(400), primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False),
    Column("principal", String(255), nullable=False),
    Column("valid_from", BigInteger, nullable=False),
    Column("valid_to", BigInteger),
)
incidents = Table(
    "incidents",
    metadata,
    Column("number", COUNTER, primary_key=True, autoincrement=True),
    Column("title", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("is_table", Boolean, nullable=False),
    Column("severity", String(16), nullable=False),
    Column("owner", String(255), nullable=False),
    Column("alert", String(400)),
    Column("window_start", BigInteger),
    Column("window_end", BigInteger),
    Column("opened_at", BigInteger, nullable=False),
    Column("opened_by", String(255), nullable=False),
    Column("closed_at", BigInteger),
    Column("closed_by", String(255)),
    Column("resolution", Text),
    Column("playbook", String(400)),
    Column("playbook_revision", Integer),
    Column("run_id", BigInteger),
    Index("ix_incidents_closed_at", "closed_at"),
    sqlite_autoincrement=True,
)
incident_entries = Table(
    "incident_entries",
    metadata,
    Column("sequence", COUNTER, primary_key=True, autoincrement=True),
    Column("number", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("principal", String(255), nullable=False),
    Column("data", Text, nullable=False),  # JSON
    Index("ix_incident_entries_number", "number", "sequence"),
    sqlite_autoincrement=True,
)
incident_steps = Table(
    "incident_steps",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("detail", Text),
    Column("facts", Text, nullable=False),  # JSON
    Column("begun_at", BigInteger),
    Column("done_at", BigInteger),
    Column("attempts", Integer, nullable=False),
    Column("approved_by", String(255)),
    Column("approved_at", BigInteger),
)
