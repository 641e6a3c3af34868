"""Webhooks: programs and people that are told of events, signed, until it has arrived."""
