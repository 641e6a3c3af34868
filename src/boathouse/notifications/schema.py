"""The tables of this room."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from boathouse.metastore import COUNTER, metadata

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
    Column("sequence", COUNTER, primary_key=True, autoincrement=True),
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
    Column("webhook_id", String(36)),  # of what a webhook tells
    Index("ix_notification_outbox_next_attempt_at", "next_attempt_at"),
    Index("ix_notification_outbox_run_id", "run_id"),
    Index("ix_notification_outbox_created_at", "created_at"),
    Index("ix_notification_outbox_webhook_id", "webhook_id"),
    sqlite_autoincrement=True,
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("webhook_id", String(36), primary_key=True),
    Column("name", String(255), nullable=False),
    Column("name_key", String(255), nullable=False, unique=True),
    Column("destination", String(36), nullable=False),
    Column("filter", Text, nullable=False),  # JSON
    Column("is_paused", Boolean, nullable=False),
    Column("owner", Text, nullable=False),
    Column("since", BigInteger, nullable=False),  # what happened before is not its business
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)

event_readers = Table(
    "event_readers",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("position", BigInteger, nullable=False),  # the last event that was looked at
)
