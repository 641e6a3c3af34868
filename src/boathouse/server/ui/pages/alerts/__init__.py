"""Alerts: what fires now, and one rule with everything about it."""
