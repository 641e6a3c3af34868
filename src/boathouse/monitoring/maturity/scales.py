"""The two scales, in terms of practices. The page ``explanation/maturity.md`` names their sources."""

from boathouse.monitoring.maturity.nouns import Level, Scale

FIVE_LEVELS = Scale(
    "azure",
    "Azure MLOps maturity model (0-4)",
    (
        Level(0, "No MLOps", ()),
        Level(1, "DevOps but no MLOps", ("code_in_git", "deployed_by_pipeline", "tests_in_ci")),
        Level(
            2,
            "Automated training",
            ("run_tracked", "data_versions", "environment_locked", "trained_by_job", "signature"),
        ),
        Level(
            3,
            "Automated model deployment",
            ("gated", "gates_block", "approved", "promoted_by_decision", "rollback_exercised"),
        ),
        Level(
            4,
            "Full MLOps automated operations",
            ("served", "monitored", "alerts_owned", "training_starts_itself", "retraining_gated"),
        ),
    ),
)
FOUR_LEVELS = Scale(
    "short",
    "Ad hoc to continuous improvement (0-3)",
    (
        Level(0, "Ad hoc", ()),
        Level(
            1,
            "Repeatable training",
            ("code_in_git", "run_tracked", "data_versions", "environment_locked", "trained_by_job", "reproduced"),
        ),
        Level(
            2,
            "Reliable deployment",
            (
                "tests_in_ci",
                "deployed_by_pipeline",
                "signature",
                "gated",
                "gates_block",
                "approved",
                "promoted_by_decision",
                "rollback_exercised",
            ),
        ),
        Level(
            3,
            "Continuous improvement",
            ("served", "monitored", "alerts_owned", "training_starts_itself", "retraining_gated"),
        ),
    ),
)
SCALES = (FIVE_LEVELS, FOUR_LEVELS)
