"""The steps that DBOS keeps of runs that are over: nobody needs them any more, and they would grow without end."""

from typing import Any

from sqlalchemy import inspect

from boathouse.foundation.clock import from_epoch_ms
from boathouse.jobs.executing.durable import sqlite_engine
from boathouse.metastore import Database, DatabaseUrl

_OVER = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]


class EndedWorkflows:
    """Removes workflows through DBOS' own client."""

    def __init__(self, where: DatabaseUrl) -> None:
        self._where = where
        self._client: Any = None

    def forget_ended(self, before: int, limit: int) -> int:
        """Remove up to ``limit`` workflows that ended before an instant; gives their number."""
        client = self._client or self._connect()
        if client is None:
            return 0
        instant = from_epoch_ms(before).isoformat()
        ended = client.list_workflows(
            status=_OVER, completed_before=instant, limit=limit, load_input=False, load_output=False
        )
        ids = [workflow.workflow_id for workflow in ended]
        if ids:
            client.delete_workflows(ids)
        return len(ids)

    def close(self) -> None:
        if self._client is not None:
            self._client.destroy()
            self._client = None

    def _connect(self) -> Any:
        """None as long as no worker has made the tables."""
        from dbos import DBOSClient

        where = self._where
        engine = sqlite_engine(where) if where.is_sqlite else Database(where).engine
        is_there = inspect(engine).has_table("workflow_status", schema=where.schema)
        if is_there and where.is_sqlite:
            self._client = DBOSClient(system_database_engine=engine)
            return self._client
        engine.dispose()
        if is_there:
            self._client = DBOSClient(system_database_url=where.url, dbos_system_schema=where.schema)
        return self._client
