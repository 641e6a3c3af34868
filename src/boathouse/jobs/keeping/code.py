"""The deployed code that jobs and their runs go back to: a run that is kept can be repaired."""

import json
from pathlib import Path

from sqlalchemy import select

from boathouse.jobs.schema import job_runs, jobs
from boathouse.metastore import Database


def code_in_use(database: Database) -> set[Path]:
    """The folders of deployed code that jobs, and runs that are kept, name."""
    with database.read() as connection:
        texts = {
            text
            for table in (jobs, job_runs)
            for text in connection.execute(select(table.c.deployment).distinct()).scalars()
            if text
        }
    roots = {json.loads(text).get("source_root") for text in texts}
    return {Path(root) for root in roots if root}
