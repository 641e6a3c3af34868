"""The tables of alerts."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, String, Table, Text

from boathouse.metastore import COUNTER, metadata

alerts = Table(
    "alerts",
    metadata,
    Column("alert_id", String(36), primary_key=True),
    Column("name", String(400), nullable=False),
    Column("name_key", String(400), unique=True),  # null: withdrawn, and the name is free
    Column("subject", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("origin", Text),  # the deployment that it comes from
    Column("created_at", BigInteger, nullable=False),
    Column("withdrawn_at", BigInteger),
    Index("ix_alerts_subject", "subject"),
)
alert_rules = Table(
    "alert_rules",
    metadata,
    Column("alert_id", String(36), primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False),
    Column("valid_from", BigInteger, nullable=False),
    Column("valid_to", BigInteger),
    Column("principal", String(255), nullable=False),
)
alert_seen = Table(
    "alert_seen",
    metadata,
    Column("alert_id", String(36), primary_key=True),
    Column("revision", Integer),  # the one that has looked
    Column("since", Text, nullable=False),  # JSON: by granularity, the first window that counts
    Column("newest", BigInteger),
    Column("looked_at", BigInteger),
    Column("due_at", BigInteger),  # null: it looks when something happens
    Column("problem", Text),
    Index("ix_alert_seen_due_at", "due_at"),
)
alert_firings = Table(
    "alert_firings",
    metadata,
    Column("sequence", COUNTER, primary_key=True, autoincrement=True),
    Column("firing_id", String(36), nullable=False, unique=True),
    Column("alert_id", String(36), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("series", Text, nullable=False),
    Column("severity", String(16), nullable=False),
    Column("began", BigInteger, nullable=False),
    Column("window_start", BigInteger, nullable=False),
    Column("window_end", BigInteger, nullable=False),
    Column("value", Float),
    Column("threshold", Float),
    Column("why", Text, nullable=False),
    Column("fired_at", BigInteger, nullable=False),
    Column("resolved_at", BigInteger),
    Column("resolved_window", BigInteger),
    Column("resolved_by", String(255)),
    Column("resolution", Text),
    Column("told_at", BigInteger),
    Column("told_resolved_at", BigInteger),
    Column("is_settled", Boolean, nullable=False),  # nothing is left to tell
    Column("first_told_at", BigInteger),
    Column("escalated", Integer, nullable=False, server_default="0"),  # steps that were told
    Column("acknowledged_at", BigInteger),
    Column("acknowledged_by", String(255)),
    Column("acknowledgement", Text),
    Column("incident", BigInteger),
    Column("incident_told_at", BigInteger),  # when the incident was told that it is fine again
    Index("ix_alert_firings_alert_id", "alert_id", "sequence"),
    Index("ix_alert_firings_is_settled", "is_settled"),
    Index("ix_alert_firings_fired_at", "fired_at"),
    Index("ix_alert_firings_resolved_at", "resolved_at"),
    Index("ix_alert_firings_incident", "incident"),
    sqlite_autoincrement=True,
)
alert_silences = Table(
    "alert_silences",
    metadata,
    Column("silence_id", String(36), primary_key=True),
    Column("pattern", String(400), nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("by", String(255), nullable=False),
    Column("why", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("ended_by", String(255)),
)
