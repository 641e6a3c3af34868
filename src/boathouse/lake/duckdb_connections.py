"""Fresh DuckDB instances, each for one query.

What a query may read is a setting of the whole instance, so instances are never shared. Making one takes 20 ms and
closing it 4: a process that asks again and again keeps one in reserve and closes the used ones in the background.
"""

import os
import secrets
import tempfile
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb


def _spill_folder() -> str:
    # Beside the other temporary files, never in the current folder. DuckDB makes it when it has to spill and removes it
    # again when the instance is closed.
    return str(Path(tempfile.gettempdir()) / f"boathouse-spill-{os.getpid()}-{secrets.token_hex(4)}")


@dataclass(frozen=True, slots=True)
class DuckDBSettings:
    """What one query may use of the machine."""

    threads: int | None = None
    """Threads per query; None for one per core."""
    memory_limit: str = "60%"
    """Above it DuckDB spills to disk. A share of the machine, since several queries may run side by side."""
    spill_folder: str = field(default_factory=_spill_folder)
    """Where it spills to."""

    def config(self) -> dict[str, Any]:
        config: dict[str, Any] = {
            "memory_limit": self.memory_limit,
            "temp_directory": self.spill_folder,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "python_enable_replacements": False,
        }
        return config if self.threads is None else {**config, "threads": self.threads}


class DuckDBConnections:
    """Hands out connections that nobody has used before."""

    def __init__(self, settings: DuckDBSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._handed_out = 0
        self._reserve: Future[duckdb.DuckDBPyConnection] | None = None
        self._background: ThreadPoolExecutor | None = None
        self._process = os.getpid()

    def take(self) -> duckdb.DuckDBPyConnection:
        """A fresh connection, in UTC, still unlocked. The caller gives it back to ``retire``."""
        with self._lock:
            self._forget_after_fork()
            reserve, self._reserve = self._reserve, None
            self._handed_out += 1
        return reserve.result() if reserve else self._connect()

    def retire(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Close a used connection and make a fresh one for the next query, without letting the caller wait."""
        with self._lock:
            self._forget_after_fork()
            with suppress(RuntimeError):  # the interpreter is shutting down
                if self._reserve is None and self._handed_out > 1:  # a process with one query needs no second
                    self._reserve = self._executor().submit(self._connect)
                self._executor().submit(connection.close)

    def _connect(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(config=self._settings.config())
        connection.execute("SET TimeZone = 'UTC'")
        return connection

    def _executor(self) -> ThreadPoolExecutor:
        if self._background is None:
            self._background = ThreadPoolExecutor(1, thread_name_prefix="boathouse-duckdb")
        return self._background

    def _forget_after_fork(self) -> None:
        if self._process != os.getpid():
            self._process = os.getpid()
            self._reserve = self._background = None
