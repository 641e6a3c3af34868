"""Promotion: from evidence and approvals to a decision, and from a decision to an alias that moves."""
