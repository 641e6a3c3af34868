"""An alarm reaches a person who is in charge."""

from boathouse.monitoring.maturity.nouns import Practice
from boathouse.monitoring.maturity.practices.asking import told_by_others

PRACTICE = Practice(
    "alerts_owned",
    "Alerts have an owner",
    told_by_others("alerts_owned", "Monitoring"),
    "Give the monitor's alerts an owner and a destination.",
    2,
)
