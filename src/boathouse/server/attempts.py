"""Who fails to sign in too often has to wait; others at other addresses do not."""

import ipaddress
import math
import threading
from collections import OrderedDict, deque

from boathouse.foundation.clock import Clock, SystemClock

MOST_FAILURES = 10
"""Failed attempts that one address has within the time below."""
WITHIN_SECONDS = 300.0
_MOST_ADDRESSES = 10_000
"""Addresses remembered; the one that failed longest ago is forgotten first."""


class Attempts:
    """Counts the failed attempts of each address. Each process counts for itself."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def seconds_to_wait(self, address: str) -> int:
        """How long until the address may try again; 0: now."""
        with self._lock:
            failed = self._recent(_network(address))
            if len(failed) < MOST_FAILURES:
                return 0
            return math.ceil(failed[0] + WITHIN_SECONDS - self._now())

    def failed(self, address: str) -> None:
        """Count a failure."""
        with self._lock:
            network = _network(address)
            self._failures.setdefault(network, deque(maxlen=MOST_FAILURES)).append(self._now())
            self._failures.move_to_end(network)
            if len(self._failures) > _MOST_ADDRESSES:
                self._failures.popitem(last=False)

    def _recent(self, network: str) -> deque[float]:
        failed = self._failures.get(network)
        if failed is None:
            return deque()
        while failed and failed[0] + WITHIN_SECONDS <= self._now():
            failed.popleft()
        return failed

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _network(address: str) -> str:
    """The address; of IPv6 the network that one household or machine has to itself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
