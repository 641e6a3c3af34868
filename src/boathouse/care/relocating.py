"""Rewrites the places that databases name when a home comes back under another path.

Only what is used as a place is rewritten, column by column. What was said in the past (audit, lineage, parameters)
keeps the words it was said in.
"""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from boathouse.care.databases import BOATHOUSE, MLFLOW

_PLACES = {
    BOATHOUSE: (
        ("table_details", "storage_location"),
        ("volume_details", "storage_location"),
        ("run_inputs", "location"),
        ("model_version_sources", "location"),
    ),
    MLFLOW: (
        ("experiments", "artifact_location"),
        ("runs", "artifact_uri"),
        ("logged_models", "artifact_location"),
        ("model_versions", "source"),
        ("model_versions", "storage_location"),
        ("trace_tags", "value"),
    ),
}
"""Columns that hold nothing but a path or URL."""
_DOCUMENTS = {BOATHOUSE: (("jobs", "deployment"), ("job_runs", "deployment")), MLFLOW: ()}
"""Columns with JSON in which paths stand as whole strings."""


def relocate(databases: Path, old: Path, new: Path) -> int:
    """Let the databases in a folder say ``new`` where they say ``old``; gives how many values were changed."""
    if old == new:
        return 0
    count = 0
    for name in (BOATHOUSE, MLFLOW):
        with closing(sqlite3.connect(databases / name)) as connection, connection:
            for before, after in _prefixes(old, new):
                for table, column in _PLACES[name]:
                    count += connection.execute(
                        f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?",
                        (after, len(before) + 1, len(before), before),
                    ).rowcount
                for table, column in _DOCUMENTS[name]:
                    quoted = '"' + json.dumps(before)[1:-1], '"' + json.dumps(after)[1:-1]
                    count += connection.execute(
                        f"UPDATE {table} SET {column} = replace({column}, ?, ?) WHERE instr({column}, ?) > 0",
                        (*quoted, quoted[0]),
                    ).rowcount
    return count


def _prefixes(old: Path, new: Path) -> list[tuple[str, str]]:
    return [(f"{old}/", f"{new}/"), (f"{old.as_uri()}/", f"{new.as_uri()}/"), (f"file://{old}/", f"file://{new}/")]
