"""The point-in-time join: for each row of a spine, the values that were known at its instant."""

from boathouse.features.point_in_time.joining import look_up
from boathouse.features.point_in_time.nouns import AsOf, LookedUp, LookupReport

__all__ = ["AsOf", "LookedUp", "LookupReport", "look_up"]
