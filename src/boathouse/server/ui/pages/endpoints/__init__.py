"""Endpoints: what answers, how it answers, and what it was asked."""
