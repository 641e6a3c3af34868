"""Lineage of columns, and the index that search uses."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_COUNTER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _sorted_by_byte(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("lineage_edges", sa.Column("session_id", sa.String(64)))
    op.add_column("lineage_edges", sa.Column("flow_id", sa.String(40)))
    op.create_index("ix_lineage_edges_session_id", "lineage_edges", ["session_id"])
    op.create_table(
        "column_flows",
        sa.Column("flow_id", sa.String(40), nullable=False),
        sa.Column("flow", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("flow_id", name="pk_column_flows"),
    )
    _search()
    op.create_table(
        "reads_by_day",
        sa.Column("securable_id", sa.String(36), nullable=False),
        sa.Column("day", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("reader", sa.String(255), nullable=False),
        sa.Column("job_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("reads", sa.BigInteger, nullable=False),
        sa.Column("runs", sa.BigInteger, nullable=False),
        sa.Column("last_run_id", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("securable_id", "day", "reader", "job_id", name="pk_reads_by_day"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_reads_by_day_day", "reads_by_day", ["day"])


def _search() -> None:
    op.create_table(
        "search_documents",
        sa.Column("id", _COUNTER, nullable=False, autoincrement=True),
        sa.Column("securable_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("name", _sorted_by_byte(255), nullable=False),
        sa.Column("schema_id", sa.String(36)),
        sa.Column("catalog_id", sa.String(36)),
        sa.Column("popularity", sa.Integer, nullable=False),
        sa.Column("boost", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_search_documents"),
        sa.UniqueConstraint("securable_id", name="uq_search_documents_securable_id"),
    )
    for column in ("name", "schema_id", "catalog_id"):
        op.create_index(f"ix_search_documents_{column}", "search_documents", [column])
    op.create_table(
        "search_words",
        sa.Column("id", _COUNTER, nullable=False, autoincrement=True),
        sa.Column("word", _sorted_by_byte(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_search_words"),
        sa.UniqueConstraint("word", name="uq_search_words_word"),
    )
    op.create_table(
        "search_trigrams",
        sa.Column("trigram", sa.String(3), nullable=False),
        sa.Column("word_id", _COUNTER, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("trigram", "word_id", name="pk_search_trigrams"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "search_postings",
        sa.Column("word_id", _COUNTER, nullable=False, autoincrement=False),
        sa.Column("document_id", _COUNTER, nullable=False, autoincrement=False),
        sa.Column("field", sa.Integer, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("word_id", "document_id", "field", name="pk_search_postings"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_search_postings_document_id", "search_postings", ["document_id"])


def downgrade() -> None:
    for table in (
        "reads_by_day",
        "search_postings",
        "search_trigrams",
        "search_words",
        "search_documents",
        "column_flows",
    ):
        op.drop_table(table)
    op.drop_index("ix_lineage_edges_session_id", "lineage_edges")
    for column in ("flow_id", "session_id"):
        op.drop_column("lineage_edges", column)
