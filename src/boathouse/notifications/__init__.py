"""Telling people and programs what happened: destinations, and an outbox that delivers until it has arrived."""
