"""Retraining: what was said of it, what was decided; and the system's own figures."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_table(
        "retraining_policies",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger()),
        sa.PrimaryKeyConstraint("model", "revision", name=op.f("pk_retraining_policies")),
    )
    op.create_table(
        "retraining_states",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("memory", sa.Text(), nullable=False),
        sa.Column("data_now", sa.BigInteger()),
        sa.Column("frozen_at", sa.BigInteger()),
        sa.Column("frozen_by", sa.Text()),
        sa.Column("frozen_why", sa.Text()),
        sa.Column("counted_from", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("model", name=op.f("pk_retraining_states")),
    )
    _decisions()
    _samples()


def _decisions() -> None:
    counter = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "retraining_decisions",
        sa.Column("decision_id", counter, autoincrement=True, nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("signal_key", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("choice", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.Column("instant", sa.BigInteger(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("brake", sa.String(length=16)),
        sa.Column("brakes", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Text()),
        sa.Column("trial_run_id", sa.BigInteger()),
        sa.Column("check_run_id", sa.BigInteger()),
        sa.Column("candidate_uri", sa.Text()),
        sa.Column("benefit", sa.Text()),
        sa.Column("job_id", sa.BigInteger()),
        sa.Column("run_id", sa.BigInteger()),
        sa.Column("version", sa.Integer()),
        sa.Column("outcome", sa.Text()),
        sa.Column("repeats", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("problem", sa.Text()),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_retraining_decisions")),
        sa.UniqueConstraint("model", "signal_key", name="uq_retraining_decisions_model_signal_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_retraining_decisions_state", "retraining_decisions", ["state", "next_at"])


def _samples() -> None:
    op.create_table(
        "endpoint_samples",
        sa.Column("sampled_at", sa.BigInteger(), nullable=False),
        sa.Column("endpoint_id", sa.String(length=36), nullable=False),
        sa.Column("entity_id", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("endpoint_name", sa.Text()),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("errors", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.Column("fallen", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("latency_sum_ms", sa.Float(), nullable=False),
        sa.Column("latency", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sampled_at", "endpoint_id", "entity_id", "role", name=op.f("pk_endpoint_samples")),
    )
    op.create_table(
        "job_samples",
        sa.Column("sampled_at", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("job_name", sa.Text()),
        sa.Column("queued", sa.BigInteger(), nullable=False),
        sa.Column("under_way", sa.BigInteger(), nullable=False),
        sa.Column("succeeded", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("otherwise", sa.BigInteger(), nullable=False),
        sa.Column("waited_ms", sa.BigInteger(), nullable=False),
        sa.Column("took_ms", sa.BigInteger(), nullable=False),
        sa.Column("longest_ms", sa.BigInteger(), nullable=False),
        sa.Column("cpu_seconds", sa.Float(), nullable=False),
        sa.Column("peak_memory_bytes", sa.BigInteger()),
        sa.PrimaryKeyConstraint("sampled_at", "job_id", name=op.f("pk_job_samples")),
    )
    op.create_table(
        "component_samples",
        sa.Column("sampled_at", sa.BigInteger(), nullable=False),
        sa.Column("component", sa.String(length=255), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("is_healthy", sa.Boolean(), nullable=False),
        sa.Column("message", sa.Text()),
        sa.Column("answer_ms", sa.Float()),
        sa.Column("cpu_seconds", sa.Float()),
        sa.Column("memory_bytes", sa.BigInteger()),
        sa.Column("waiting", sa.BigInteger()),
        sa.PrimaryKeyConstraint("sampled_at", "component", name=op.f("pk_component_samples")),
    )
    op.create_index("ix_component_samples_component", "component_samples", ["component", "sampled_at"])
    op.create_table(
        "sample_marks",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("sampled_at", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sample_marks")),
    )


def downgrade() -> None:
    for table in (
        "sample_marks", "component_samples", "job_samples", "endpoint_samples",
        "retraining_decisions", "retraining_states", "retraining_policies",
    ):  # fmt: skip
        op.drop_table(table)
