"""Definitions of runs, each kept once: ten thousand runs of a job share one row, and one parsed copy in memory."""

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Iterable

from sqlalchemy import Connection, select

from boathouse.jobs.schema import job_definitions
from boathouse.jobs.settings import JobSettings
from boathouse.metastore.upserting import insert_missing

_MOST_CHARACTERS = 16 << 20
"""Of definitions in memory, as text; a graph of 3,000 tasks has about 0.5 million."""


class Definitions:
    """Keeps and reads definitions; what was read lately is not parsed again."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[JobSettings, int]] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def keep(self, connection: Connection, settings: JobSettings) -> str:
        """Keep the settings, if they are new; gives their digest."""
        text = json.dumps(settings.to_json(), ensure_ascii=False)
        digest = hashlib.sha256(text.encode()).hexdigest()
        insert_missing(connection, job_definitions, [{"digest": digest, "settings": text}])
        return digest

    def read(self, connection: Connection, digests: Iterable[str]) -> dict[str, JobSettings]:
        """The settings of each digest."""
        wanted = set(digests)
        with self._lock:
            found = {digest: self._known[digest][0] for digest in wanted & self._known.keys()}
            for digest in found:
                self._known.move_to_end(digest)
        if missing := wanted - found.keys():
            query = select(job_definitions).where(job_definitions.c.digest.in_(missing))
            for row in connection.execute(query):
                found[row.digest] = JobSettings.model_validate_json(row.settings)
                self._remember(row.digest, found[row.digest], len(row.settings))
        return found

    def _remember(self, digest: str, settings: JobSettings, size: int) -> None:
        with self._lock:
            if digest not in self._known:
                self._known[digest] = (settings, size)
                self._size += size
            while self._size > _MOST_CHARACTERS and len(self._known) > 1:
                self._size -= self._known.popitem(last=False)[1][1]
