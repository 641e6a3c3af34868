"""Incidents: what is wrong, and one with what is known and what can be done."""
