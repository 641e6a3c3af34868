"""The tables of this room."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from boathouse.metastore import metadata

_COUNTER = BigInteger().with_variant(Integer, "sqlite")

notification_destinations = Table(
    "notification_destinations",
    metadata,
    Column("destination_id", String(36), primary_key=True),
    Column("name", String(255), nullable=False),
    Column("name_key", String(255), nullable=False, unique=True),
    Column("kind", String(32), nullable=False),
    Column("config", Text, nullable=False),  # JSON, sealed
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", String(255), nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)

notification_outbox = Table(
    "notification_outbox",
    metadata,
    Column("sequence", _COUNTER, primary_key=True, autoincrement=True),
    Column("delivery_id", String(36), nullable=False, unique=True),
    Column("event_type", Text, nullable=False),
    Column("destination", Text, nullable=False),  # id or name of a destination, or an e-mail address
    Column("is_email", Boolean, nullable=False),
    Column("job_id", BigInteger),
    Column("run_id", BigInteger),
    Column("payload", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", BigInteger),  # null: nothing is left to do
    Column("delivered_at", BigInteger),
    Column("error", Text),
    Index("ix_notification_outbox_next_attempt_at", "next_attempt_at"),
    Index("ix_notification_outbox_run_id", "run_id"),
    Index("ix_notification_outbox_created_at", "created_at"),
    sqlite_autoincrement=True,
)
