"""Asking Redis, with a deadline, in few steps, and never showing the password."""

import os
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import redis
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import RedisError, ResponseError

from boathouse.foundation.errors import InvalidInput, Unavailable


class RedisConnection:
    """Connections to one Redis.

    Readers send a command over a connection of their own: the client's ``execute_command`` takes a fifth of the time of
    a read for what a read does not need.
    """

    def __init__(
        self, store: str, url: str, *, password: str | None, read_seconds: float, write_seconds: float
    ) -> None:
        self.store = store
        given = {} if password is None else {"password": password}
        try:
            options: dict[str, Any] = {"socket_connect_timeout": read_seconds, "protocol": 2, **given}
            self._pool = redis.ConnectionPool.from_url(url, socket_timeout=read_seconds, **options)
            self._writing = redis.ConnectionPool.from_url(url, socket_timeout=write_seconds, **options)
        except ValueError as error:
            raise InvalidInput(
                f"The address of the online store {store} cannot be read.", hint="Write redis://host:port/db."
            ) from error
        known = self._pool.connection_kwargs
        self._where = str(known.get("path") or f"{known.get('host', 'localhost')}:{known.get('port', 6379)}")
        self._password = known.get("password")
        self._idle: deque[Any] = deque()
        self._process = os.getpid()
        self.client = redis.Redis(connection_pool=self._writing)
        """For all that is not a read of rows."""

    def ask(self, *command: Any) -> Any:
        """Send a command that may be sent twice, and give its answer.

        Raises:
            Unavailable: Redis does not answer.
        """
        with self.refusals():
            connection = self._taken()
            try:
                answer = self._sent(connection, command)
            except LostConnection:  # an idle connection that Redis has closed meanwhile
                answer = self._sent(connection, command)
            self._idle.append(connection)
            return answer

    def close(self) -> None:
        while self._idle:
            self._idle.pop().disconnect()
        self._pool.disconnect()
        self._writing.disconnect()

    @contextmanager
    def refusals(self) -> Generator[None]:
        """What Redis or the network refuse, in our words."""
        try:
            yield
        except (RedisError, OSError) as error:
            text = str(error)
            if self._password:
                text = text.replace(str(self._password), "***")
            raise Unavailable(
                f"The online store {self.store} at {self._where} does not answer as it should: {text}",
                hint="Look whether Redis runs there, has memory left, and takes these credentials.",
            ) from None

    def _taken(self) -> Any:
        if self._process != os.getpid():  # sockets of the parent
            self._idle, self._process = deque(), os.getpid()
        try:
            return self._idle.pop()
        except IndexError:
            return self._pool.make_connection()

    def _sent(self, connection: Any, command: Sequence[Any]) -> Any:
        try:
            connection.send_command(*command)
            return connection.read_response()
        except ResponseError:
            self._idle.append(connection)
            raise
        except BaseException:
            connection.disconnect()  # half an answer must not be taken for the next one's
            raise
