"""Garbage: what nothing refers to any more. Found, told with its bytes, and taken away."""

from boathouse.care.garbage.nouns import Collector, Garbage, Kind, Pass, Request

__all__ = ["Collector", "Garbage", "Kind", "Pass", "Request"]
