"""The version in production answers at an endpoint."""

from boathouse.monitoring.maturity.nouns import Practice
from boathouse.monitoring.maturity.practices.asking import told_by_others

PRACTICE = Practice(
    "served", "The champion is served", told_by_others("served", "Serving"), "Serve the champion at an endpoint.", 3
)
