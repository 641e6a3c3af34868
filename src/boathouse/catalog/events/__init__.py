"""Events: what has happened, written in the transaction in which it happened, for whoever wants to hear of it."""

from boathouse.catalog.events.nouns import Event, EventType, NewEvent

__all__ = ["Event", "EventType", "NewEvent"]
