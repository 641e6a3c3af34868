"""EXPLAIN: what a query would read, and how the engine would go about it. Nothing is read."""

import re
from contextlib import ExitStack

from boathouse.lake.pruning import needed_files
from boathouse.session.result import Result, result_of
from boathouse.session.running.access import Access
from boathouse.session.running.queries import prepare_query
from boathouse.session.sql.reading import read_query
from boathouse.session.sql.statements import Explain

_PATH = re.compile(r"(?:file://)?/[^\s'\",\]]*\.(?:parquet|csv|json)\S*")


def explain(access: Access, statement: Explain) -> Result:
    """The tables with their versions and how many of their files are needed, then the engine's plan."""
    prepared = prepare_query(access, read_query(statement.query))
    lines = ["== Tables =="]
    query = prepared.for_engine()
    with ExitStack() as stack:
        if query.release is not None:
            stack.callback(query.release)
        bench = stack.enter_context(access.engine.workbench(query, also=set(), folder=None))
        for alias, snapshot in prepared.query.snapshots.items():
            node = prepared.nodes[alias]
            read = "all rows by Delta's own reader"
            if not snapshot.needs_delta_reader:
                needed = len(needed_files(bench.parsed, alias, snapshot, prepared.query.parameters))
                read = f"{needed} of {len(snapshot.files)} files"
            lines.append(f"{node.name} version {snapshot.version}: {read}")
        lines += [f"{each.path}: {len(each.files)} files" for each in prepared.volumes]
        style = "EXPLAIN (FORMAT text)" if not statement.extended else "EXPLAIN"
        if statement.extended:
            lines += ["", "== Query of the engine ==", prepared.query.sql]
        rows = bench.connection.execute(f"{style} {prepared.query.sql}", prepared.query.parameters).fetchall()
        lines += ["", "== Physical Plan ==", *(str(row[-1]) for row in rows)]
    names = {alias: node.name for alias, node in prepared.nodes.items()}
    text = _PATH.sub("...", "\n".join(lines))
    for alias, name in names.items():
        text = text.replace(f'"{alias}"', name)
    return result_of({"plan": [text]})
