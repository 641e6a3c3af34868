"""Maturity: how far the work on a model is automated and secured, by what really happened, not by what is said."""

from boathouse.monitoring.maturity.assessing import assess
from boathouse.monitoring.maturity.facts import Facts
from boathouse.monitoring.maturity.findings import Finding, Standing
from boathouse.monitoring.maturity.nouns import Maturity, Practice

__all__ = ["Facts", "Finding", "Maturity", "Practice", "Standing", "assess"]
