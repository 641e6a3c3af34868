"""Somebody looks at what the model answers, and at what became of it."""

from boathouse.monitoring.maturity.nouns import Practice
from boathouse.monitoring.maturity.practices.asking import told_by_others

PRACTICE = Practice(
    "monitored",
    "The champion is monitored",
    told_by_others("monitored", "Monitoring"),
    "Attach a monitor to what the endpoint captures.",
    3,
)
