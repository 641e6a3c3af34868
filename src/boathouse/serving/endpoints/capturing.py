"""Where answers are kept when nobody says where: beside the model, if who makes the endpoint may make tables there."""

from collections.abc import Callable
from dataclasses import replace

from boathouse.serving.endpoints.given import default_capture
from boathouse.serving.endpoints.nouns import CaptureTarget, Wanted


def with_default_capture(wanted: Wanted, name: str, may_make: Callable[[CaptureTarget], bool]) -> Wanted:
    """The same, with a place for answers where one can be."""
    target = default_capture(wanted.entities, name)
    return replace(wanted, capture=target) if target is not None and may_make(target) else wanted
