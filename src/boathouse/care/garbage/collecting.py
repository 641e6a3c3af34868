"""A pass over everything, collector by collector: find, and remove unless it is a dry run.

A dry run and a real one find by the same code, so they tell the same list. Whatever stops a real one, what it has
removed is gone and the rest is found again.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from boathouse.care.garbage.nouns import Collector, Garbage, Kind, Request
from boathouse.foundation.errors import BoathouseError

log = logging.getLogger(__name__)


def collected(
    collectors: Sequence[Collector],
    request: Request,
    before: int,
    *,
    at_work_on: Callable[[Kind], None] = lambda _: None,
) -> Iterator[Garbage]:
    """Each thing that is garbage; with ``is_removed`` set if this is no dry run."""
    for collector in collectors:
        if collector.kind not in request.kinds:
            continue
        at_work_on(collector.kind)
        if request.is_dry_run:
            yield from collector.find(before)
            continue
        for item in list(collector.find(before)):  # what removing changes must not change what is found
            yield replace(item, is_removed=_removed(collector, item, before))


def _removed(collector: Collector, item: Garbage, before: int) -> bool:
    try:
        return collector.remove(item, before)
    except (BoathouseError, OSError):
        log.exception("The garbage %s could not be removed", item.what)
        return False
