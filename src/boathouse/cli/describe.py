"""``boathouse describe``: what a thing is, whose, since when, from what, and used by whom."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from boathouse.cli.features import told_lines
from boathouse.cli.lineage import MOST_SIBLINGS, tree_lines
from boathouse.cli.principals import ROOT, connected

_WIDTH = 12
_MOST_COLUMNS = 50
_MOST_VERSIONS = 10


@click.command()
@click.argument("name")
@click.option("--kind", help="catalog, schema, table, volume, function, model, job, experiment: if several share NAME.")
@click.option("--json", "as_json", is_flag=True, help="All that is known, as JSON.")
def describe(name: str, kind: str | None, as_json: bool) -> None:
    """Describe NAME: a catalog, schema, table, view, volume, function, model, experiment or job.

    A model may be followed by @version or @alias: prod.flights.delay@champion. A job or an experiment is named by its
    title or its id.
    """
    found = connected().get(f"{ROOT}/describe", name=name, kind=kind)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    click.secho(found["title"] or found["full_name"], bold=True)
    for title, lines in _sections(found):
        for number, line in enumerate(lines):
            heading = click.style((title if number == 0 else "").ljust(_WIDTH), dim=True)
            click.echo(f"{heading}{line}".rstrip())


def _sections(found: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[str]]]:
    yield "what", list(_what(found))
    yield "whose", list(_whose(found))
    yield "since", list(_since(found))
    if table := found["more"].get("feature_table"):
        yield "features", [f"{heading.ljust(_WIDTH)}{line}" for heading, line in told_lines(table)]
    if found["upstream"]:
        yield "from", list(tree_lines(found["upstream"], MOST_SIBLINGS))
    if found["downstream"]:
        yield "goes to", list(tree_lines(found["downstream"], MOST_SIBLINGS))
    yield "used by", list(_used_by(found["used_by"]))
    for title, told in (("versions", _versions(found["more"])), ("tasks", found["more"].get("tasks") or [])):
        if told:
            yield title, told
    runs = [
        f"{run['run_id']}  {run['state']}  {_instant(run['started_at'])}" for run in found["more"].get("runs") or []
    ]
    if runs:
        yield "runs", runs
    if found["more"].get("note"):
        yield "note", [found["more"]["note"]]
    columns = (found["detail"] or {}).get("columns") or []
    if columns:
        yield "columns", list(_columns(columns))


def _what(found: Mapping[str, Any]) -> Iterator[str]:
    detail, state = found["detail"] or {}, found["state"]
    kind = str(detail.get("table_type") or detail.get("volume_type") or detail.get("language") or "").lower()
    noun = found["kind"].replace("_", " ")
    yield "view" if kind == "view" else f"{kind} {noun}".strip()
    if found["comment"]:
        yield found["comment"]
    if found["inside"]:
        yield "holds " + ", ".join(f"{count} {kind.replace('_', ' ')}s" for kind, count in found["inside"].items())
    if state:
        rows = f"{state['rows']:,} rows" if state["rows"] is not None else "rows not counted"
        yield f"{rows}, {_size(state['size_bytes'])} in {state['files']:,} files, version {state['version']}"
        if state["partition_columns"]:
            yield f"partitioned by {', '.join(state['partition_columns'])}"
    if detail.get("returns"):
        arguments = ", ".join(f"{each['name']} {each['type_text']}" for each in detail["parameters"])
        yield f"({arguments}) returns {detail['returns']}"
    if detail.get("view_definition"):
        yield detail["view_definition"]
    if detail.get("storage_location"):
        yield detail["storage_location"]
    for what in ("tags", "properties"):
        if found[what]:
            yield f"{what}: " + ", ".join(_tags(found[what]))


def _whose(found: Mapping[str, Any]) -> Iterator[str]:
    yield f"{found['owner']} owns it"
    held: dict[tuple[str, str, str], list[str]] = {}
    for grant in found["grants"]:
        held.setdefault((grant["grantee"], grant["kind"], grant["on"]), []).append(grant["privilege"])
    for (grantee, kind, on), privileges in sorted(held.items()):
        where = "" if (kind, on) == (found["kind"], found["full_name"]) else f"  from {kind} {on}"
        yield f"{grantee}: {', '.join(sorted(privileges))}{where}"


def _since(found: Mapping[str, Any]) -> Iterator[str]:
    yield f"created {_instant(found['created_at'])} by {found['created_by']}"
    if found["updated_at"] != found["created_at"]:
        yield f"changed {_instant(found['updated_at'])} by {found['updated_by']}"
    state = found["state"]
    if state:
        by = f" by {state['written_by']}" if state["written_by"] else ""
        yield f"written {_instant(state['written_at'])}{by} ({state['operation']})"


def _used_by(used: Mapping[str, Any]) -> Iterator[str]:
    use = used["use"]
    if use["reads"]:
        yield f"{use['reads']} reads by {use['readers']} principals in 30 days"
    else:
        yield "nobody that you may know of has read it in 30 days"
    if used["jobs"]:
        yield f"in {use['runs']} runs of the jobs " + ", ".join(
            f"{job['name']} ({job['job_id']})" for job in used["jobs"]
        )
    if used["models"]:
        yield f"trained {', '.join(used['models'])}"


def _versions(more: Mapping[str, Any]) -> list[str]:
    versions = [more["version"]] if more.get("version") else more.get("versions") or []
    lines = [
        f"{version['version']}  {_instant(version['created_at'])}  {', '.join(version['aliases'])}  "
        f"{'run ' + version['run_id'] if version['run_id'] else 'no run'}"
        for version in versions[:_MOST_VERSIONS]
    ]
    return lines + ([f"… and {len(versions) - _MOST_VERSIONS} more"] if len(versions) > _MOST_VERSIONS else [])


def _columns(columns: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    shown = columns[:_MOST_COLUMNS]
    widths = [max(len(str(column[key])) for column in shown) for key in ("name", "type_text")]
    for column in shown:
        facts = [column.get("comment") or "", *_tags(column.get("tags") or {})]
        shown_facts = "  ".join(filter(None, facts))
        yield f"{column['name'].ljust(widths[0])}  {column['type_text'].ljust(widths[1])}  {shown_facts}".rstrip()
    if len(columns) > len(shown):
        yield f"… and {len(columns) - len(shown)} more"


def _tags(tags: Mapping[str, str]) -> list[str]:
    return [f"{key}={value}" if value else key for key, value in sorted(tags.items())]


def _instant(milliseconds: int | None) -> str:
    if milliseconds is None:
        return ""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def _size(count: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
