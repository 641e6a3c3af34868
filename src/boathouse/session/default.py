"""The session that ``boathouse.sql`` and its siblings use when nobody gives them one."""

import threading

from boathouse.foundation.rest import Connection, RestClient
from boathouse.session.session import Session

_lock = threading.Lock()
_sessions: dict[Connection, Session] = {}


def default_session() -> Session:
    """The session for the surroundings: ``BOATHOUSE_URL`` and ``BOATHOUSE_TOKEN`` in a task, else the nearest home.

    Raises:
        NotFound: There is no home folder.
        Unavailable: Its Boathouse does not answer.
        Unauthenticated: The token is not valid.
    """
    connection = Connection.from_surroundings()
    with _lock:
        if connection not in _sessions:
            _sessions[connection] = connected_session(connection)
        return _sessions[connection]


def connected_session(connection: Connection) -> Session:
    """A session as whoever the token stands for; data is read and written by this process."""
    from boathouse.lake import DuckDBEngine
    from boathouse.session.remote import RemoteLaw

    law = RemoteLaw(RestClient(connection))
    return Session(law.who_am_i(), law, DuckDBEngine())
