"""The catalog's tables.

Names are kept as text beside ids: grants and children hang on ids and survive a rename; lineage and audit keep the name
that the thing had when it happened.
"""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from boathouse.metastore import COUNTER, metadata


def _sorted_by_byte(length: int) -> String:
    """Text of which a range is a prefix; Postgres would otherwise sort as people of some country do."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


securables = Table(
    "securables",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("full_name", String(800), nullable=False),
    Column("parent_id", String(36), ForeignKey("securables.id"), index=True),
    Column("owner", String(255), nullable=False, index=True),
    Column("comment", Text),
    Column("title", Text),
    Column("properties", Text, nullable=False, server_default="{}"),
    Column("tags", Text, nullable=False, server_default="{}"),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", String(255), nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("updated_by", String(255), nullable=False),
    Column("deleted_at", BigInteger),
    Column("deleted_by", String(255)),
)
# A dropped thing keeps its row and frees its name.
Index(
    "uq_securables_live_name",
    securables.c.kind,
    securables.c.full_name,
    unique=True,
    sqlite_where=securables.c.deleted_at.is_(None),
    postgresql_where=securables.c.deleted_at.is_(None),
)

table_details = Table(
    "table_details",
    metadata,
    Column("securable_id", String(36), ForeignKey("securables.id"), primary_key=True),
    Column("table_type", String(16), nullable=False),
    Column("data_source_format", String(32), nullable=False),
    Column("storage_location", Text, nullable=False),
    Column("columns", Text, nullable=False),
    Column("column_tags", Text, nullable=False, server_default="{}"),
)

view_details = Table(
    "view_details",
    metadata,
    Column("securable_id", String(36), ForeignKey("securables.id"), primary_key=True),
    Column("definition", Text, nullable=False),
)

function_details = Table(
    "function_details",
    metadata,
    Column("securable_id", String(36), ForeignKey("securables.id"), primary_key=True),
    Column("definition", Text, nullable=False),
)

volume_details = Table(
    "volume_details",
    metadata,
    Column("securable_id", String(36), ForeignKey("securables.id"), primary_key=True),
    Column("volume_type", String(16), nullable=False),
    Column("storage_location", Text, nullable=False),
)

grants = Table(
    "grants",
    metadata,
    Column("securable_id", String(36), ForeignKey("securables.id"), primary_key=True),
    Column("grantee", String(255), primary_key=True, index=True),
    Column("privilege", String(64), primary_key=True),
    Column("granted_at", BigInteger, nullable=False),
    Column("granted_by", String(255), nullable=False),
)

principals = Table(
    "principals",
    metadata,
    Column("id", COUNTER, primary_key=True, autoincrement=True),
    Column("name", String(255), nullable=False),
    Column("name_key", String(255), nullable=False, unique=True),
    Column("kind", String(32), nullable=False),
    Column("display_name", String(255)),
    Column("active", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", String(255), nullable=False),
    sqlite_autoincrement=True,  # the id of a deleted principal is not given away again
)

memberships = Table(
    "memberships",
    metadata,
    Column("group_id", COUNTER, ForeignKey("principals.id"), primary_key=True, autoincrement=False),
    Column("member_id", COUNTER, ForeignKey("principals.id"), primary_key=True, autoincrement=False, index=True),
)

tokens = Table(
    "tokens",
    metadata,
    Column("token_id", String(36), primary_key=True),
    Column("secret_hash", String(64), nullable=False, unique=True),
    Column("principal_id", COUNTER, ForeignKey("principals.id"), nullable=False, index=True),
    Column("comment", Text),
    Column("task", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", String(255), nullable=False),
    Column("expires_at", BigInteger, index=True),
    Column("revoked_at", BigInteger),
)

sign_in_links = Table(
    "sign_in_links",
    metadata,
    Column("code_hash", String(64), primary_key=True),
    Column("principal", String(255), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    Column("used_at", BigInteger),
)

audit_events = Table(
    "audit_events",
    metadata,
    Column("sequence", COUNTER, primary_key=True, autoincrement=True),
    Column("event_id", String(36), nullable=False),
    Column("event_time", BigInteger, nullable=False, index=True),
    Column("principal", String(255), nullable=False),
    Column("service", String(32), nullable=False),
    Column("action", String(64), nullable=False),
    Column("securable_kind", String(32)),
    Column("securable_name", Text),
    Column("status_code", Integer, nullable=False),
    Column("error_message", Text),
    Column("request_params", Text, nullable=False),
    Column("request_id", String(100), nullable=False),
    Column("source_ip", String(64), nullable=False),
    Column("user_agent", String(300), nullable=False),
    Column("as_of", String(40)),
)
Index("ix_audit_events_principal", audit_events.c.principal, audit_events.c.sequence)
Index("ix_audit_events_securable", audit_events.c.securable_name, audit_events.c.securable_kind)

lineage_edges = Table(
    "lineage_edges",
    metadata,
    Column("sequence", COUNTER, primary_key=True, autoincrement=True),
    Column("edge_id", String(36), nullable=False),
    Column("event_time", BigInteger, nullable=False, index=True),
    Column("principal", String(255), nullable=False),
    Column("operation", String(32), nullable=False),
    Column("statement_id", String(100)),
    Column("source_kind", String(32)),
    Column("source_name", Text),
    Column("source_version", BigInteger),
    Column("target_kind", String(32)),
    Column("target_name", Text),
    Column("target_version", BigInteger),
    Column("job_run_id", BigInteger, index=True),
    Column("task_run_id", BigInteger, index=True),
    Column("entity", Text, nullable=False),
    Column("session_id", String(64), index=True),
    Column("flow_id", String(40)),
)
Index("ix_lineage_edges_source", lineage_edges.c.source_name, lineage_edges.c.source_kind)
Index("ix_lineage_edges_target", lineage_edges.c.target_name, lineage_edges.c.target_kind)
Index("ix_lineage_edges_flow_id", lineage_edges.c.flow_id)

# What flows along an edge, kept once however often the same statement runs: the id is a hash of the content.
column_flows = Table(
    "column_flows",
    metadata,
    Column("flow_id", String(40), primary_key=True),
    Column("flow", Text, nullable=False),
)

pins = Table(
    "pins",
    metadata,
    Column("table_id", String(36), primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("holder", String(800), primary_key=True, index=True),
    Column("pinned_at", BigInteger, nullable=False),
    Column("pinned_by", String(255), nullable=False),
)

secrets = Table(
    "secrets",
    metadata,
    Column("scope_id", String(36), ForeignKey("securables.id"), primary_key=True),
    Column("name", String(128), primary_key=True),
    Column("title", String(128), nullable=False),
    Column("key_id", String(16), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("updated_by", String(255), nullable=False),
)

secret_key = Table(
    "secret_key",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("key_id", String(16), nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("changed_by", String(255), nullable=False),
)

# The index of search: which word stands where in which document, a document being one securable.
search_documents = Table(
    "search_documents",
    metadata,
    Column("id", COUNTER, primary_key=True, autoincrement=True),
    Column("securable_id", String(36), nullable=False, unique=True),
    Column("kind", String(32), nullable=False),
    Column("name", _sorted_by_byte(255), nullable=False, index=True),
    Column("schema_id", String(36), index=True),
    Column("catalog_id", String(36), index=True),
    Column("popularity", Integer, nullable=False),
    Column("boost", Integer, nullable=False),
)

search_words = Table(
    "search_words",
    metadata,
    Column("id", COUNTER, primary_key=True, autoincrement=True),
    Column("word", _sorted_by_byte(64), nullable=False, unique=True),
)

search_trigrams = Table(
    "search_trigrams",
    metadata,
    Column("trigram", String(3), primary_key=True),
    Column("word_id", COUNTER, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

search_postings = Table(
    "search_postings",
    metadata,
    Column("word_id", COUNTER, primary_key=True, autoincrement=False),
    Column("document_id", COUNTER, primary_key=True, autoincrement=False, index=True),
    Column("field", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

# How often whom has read what: one row per thing, day, reader and job (0 for none).
reads_by_day = Table(
    "reads_by_day",
    metadata,
    Column("securable_id", String(36), primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("reader", String(255), primary_key=True),
    Column("job_id", BigInteger, primary_key=True, autoincrement=False),
    Column("reads", BigInteger, nullable=False),
    Column("runs", BigInteger, nullable=False),
    Column("last_run_id", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("ix_reads_by_day_day", reads_by_day.c.day)

generations = Table(
    "generations",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", BigInteger, nullable=False),
)
