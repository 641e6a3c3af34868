"""The right to publish one table: held while its holder lives, gone some seconds after it died."""

import threading
import time
import uuid

from boathouse.features.online.redis.connection import RedisConnection
from boathouse.features.online.redis.names import Names
from boathouse.foundation.errors import Conflict, Unavailable

_PROLONG = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0"
_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


class RedisLock:
    """A key with a token and an end; a thread puts the end off. Who commits asks Redis whether it still holds it."""

    def __init__(self, connection: RedisConnection, table: str, seconds: float) -> None:
        self._connection = connection
        self._table = table
        self.key = Names(table).lock
        self._milliseconds = int(seconds * 1000)
        self.token = uuid.uuid4().hex.encode()
        self._ended = threading.Event()

    def take(self, wait_seconds: float) -> None:
        """
        Raises:
            Conflict: Somebody else has it.
        """
        until = time.monotonic() + wait_seconds
        while True:
            with self._connection.refusals():
                if self._connection.client.set(self.key, self.token, nx=True, px=self._milliseconds):
                    break
            if time.monotonic() >= until:
                raise Conflict(
                    f"Somebody else is publishing {self._table} just now.",
                    hint=f"Wait until that has ended; a publisher that died is forgotten after "
                    f"{self._milliseconds / 1000:g} s.",
                )
            time.sleep(0.05)
        threading.Thread(target=self._keep, name="online-lock", daemon=True).start()

    def release(self) -> None:
        """Harmless when it is lost, or Redis is."""
        self._ended.set()
        try:
            with self._connection.refusals():
                self._connection.client.eval(_RELEASE, 1, self.key, self.token)
        except Unavailable:
            return  # it ends by itself

    def lost(self) -> Conflict:
        return Conflict(
            f"This publication of {self._table} stood still for so long that another one may have begun.",
            hint="Publish again. Nothing of this one is seen.",
        )

    def _keep(self) -> None:
        while not self._ended.wait(self._milliseconds / 4000):
            try:
                with self._connection.refusals():
                    self._connection.client.eval(_PROLONG, 1, self.key, self.token, self._milliseconds)
            except Unavailable:
                continue  # the commit finds out
