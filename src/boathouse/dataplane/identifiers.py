"""Ids of requests: as unique as random ones, and without asking the operating system for each."""

import itertools
import secrets
from collections.abc import Callable


def request_ids() -> Callable[[], str]:
    """Makes ids in the form of a UUID: eighty random bits of this worker, then a number."""
    first = secrets.token_hex(10)
    prefix = f"{first[:8]}-{first[8:12]}-4{first[12:15]}-8{first[15:18]}-"
    numbers = itertools.count(1)
    return lambda: f"{prefix}{next(numbers):012x}"
