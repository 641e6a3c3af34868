"""Approval: who has signed a version, whether they may, and how long it holds."""
