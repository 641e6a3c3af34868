"""Tests run before code is deployed. Only the CI system knows."""

from boathouse.monitoring.maturity.nouns import Practice
from boathouse.monitoring.maturity.practices.asking import told_by_others

PRACTICE = Practice(
    "tests_in_ci",
    "Tests run in CI",
    told_by_others("tests_in_ci", "Your CI"),
    "Run the tests of the bundle's template in CI.",
    3,
)
