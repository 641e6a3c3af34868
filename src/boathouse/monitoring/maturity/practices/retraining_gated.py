"""A version whose training was started by what monitoring saw met the same gates as any other."""

from boathouse.monitoring.maturity.nouns import Practice
from boathouse.monitoring.maturity.practices.asking import told_by_others

PRACTICE = Practice(
    "retraining_gated",
    "A drift starts a training that meets the same gates",
    told_by_others("retraining_gated", "Monitoring"),
    "Write retraining: with a trigger in boathouse.yml and deploy.",
    3,
)
