"""``boathouse lineage``: where a table, or one column of it, came from and where it went, as a tree."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click

from boathouse.cli.principals import ROOT, connected

MOST_SIBLINGS = 20
"""Branches of one thing that are shown unless all are asked for."""

Step = Mapping[str, Any]

Place = tuple[str, str, int | None, str | None]
"""Kind, name, version and column, as the keys of the tree."""


@click.command()
@click.argument("name")
@click.option("--up", "way", flag_value="up", help="Only where it came from.")
@click.option("--down", "way", flag_value="down", help="Only where it went.")
@click.option("--depth", type=click.IntRange(min=1), help="How many steps to go.")
@click.option("--at", "version", type=click.IntRange(min=0), metavar="VERSION", help="As of this version of it.")
@click.option("--indirect", is_flag=True, help="With the columns that only decide: filters, joins, groups.")
@click.option("--kind", help="table, volume, model_version, run, job_run, path: if the name alone does not tell.")
@click.option("--all", "show_all", is_flag=True, help=f"Every branch, also beyond {MOST_SIBLINGS} of one thing.")
@click.option("--json", "as_json", is_flag=True, help="All that is known, as JSON.")
def lineage(
    name: str,
    way: str | None,
    depth: int | None,
    version: int | None,
    indirect: bool,
    kind: str | None,
    show_all: bool,
    as_json: bool,
) -> None:
    """Show what NAME was made from and what was made from it, as far as you may know.

    NAME is a table, volume or model, or a column of a table: prod.flights.features.delay.
    """
    asked = {"name": name, "kind": kind, "version": version, "depth": depth, "indirect": indirect or None}
    ways = (way,) if way else ("up", "down")
    found = {each: connected().get(f"{ROOT}/lineage/{each}", **asked) for each in ways}
    if as_json:
        click.echo(json.dumps(found[way] if way else found, indent=2))
        return
    for each, graph in found.items():
        click.secho(f"{_spelled(graph['start'])} {'comes from' if each == 'up' else 'goes to'}", bold=True)
        for line in tree_lines(graph, MOST_SIBLINGS if not show_all else None):
            click.echo(line)


def tree_lines(graph: Mapping[str, Any], most_siblings: int | None) -> Iterator[str]:
    """The walk as a tree, depth first. What has been spelled out already is not spelled out again."""
    near, far = ("target", "source") if graph["way"] == "up" else ("source", "target")
    branches: dict[Place, list[Step]] = {}
    for step in graph["steps"]:
        branches.setdefault(_place(step[near]), []).append(step)
    for steps in branches.values():
        steps.sort(key=lambda step: (step["influence"] == "indirect", _spelled(step[far])))
    if not branches:
        yield "└─ nothing that you may know of" if graph["hidden"] else "└─ nothing that is known"
    shown = {_place(graph["start"])}
    waiting = list(_boughs("", branches.get(_place(graph["start"]), []), most_siblings))
    waiting.reverse()
    while waiting:  # a list of our own: a chain may be longer than Python nests
        bough = waiting.pop()
        if isinstance(bough, str):
            yield bough
            continue
        place = _place(bough.step[far])
        below = branches.get(place, [])
        again = " …see above" if below and place in shown else ""
        yield f"{bough.indent}{'└─ ' if bough.is_last else '├─ '}{_spelled(bough.step[far])}{_facts(bough.step)}{again}"
        if place not in shown:
            shown.add(place)
            inner = bough.indent + ("   " if bough.is_last else "│  ")
            waiting += reversed(list(_boughs(inner, below, most_siblings)))
    if graph["hidden"]:
        yield f"({graph['hidden']} hidden: you may not know of them)"
    if graph["is_cut"]:
        yield "(there is more, farther away)"


@dataclass(frozen=True, slots=True)
class _Bough:
    indent: str
    step: Step
    is_last: bool


def _boughs(indent: str, steps: Sequence[Step], most: int | None) -> Iterator[_Bough | str]:
    kept = steps if most is None or len(steps) <= most + 1 else steps[:most]
    for number, step in enumerate(kept, start=1):
        yield _Bough(indent, step, number == len(steps))
    if len(kept) < len(steps):
        yield f"{indent}└─ … and {len(steps) - len(kept)} more (--all shows them)"


def _place(place: Mapping[str, Any]) -> Place:
    return place["kind"], place["name"], place["version"], place["column"]


def _spelled(place: Mapping[str, Any]) -> str:
    kind = "" if place["kind"] == "table" else f"{place['kind'].replace('_', ' ')} "
    version = "" if place["version"] is None else f"@{place['version']}"
    column = "" if place["column"] is None else f".{place['column']}"
    return f"{kind}{place['name']}{version}{column}"


def _facts(step: Step) -> str:
    """In brackets: what to know of a step beside its ends."""
    latest = step["latest"]
    entity = latest["entity"]
    facts = [
        f"version {latest['source_version']}" if latest["source_version"] is not None else "",
        "decides" if step["influence"] == "indirect" else "",
        "through memory" if step["in_memory"] else "",
        f"job {entity['job_name']}" if entity.get("job_name") else f"by {latest['principal']}",
        f"{step['times']} times" if step["times"] > 1 else "",
        datetime.fromtimestamp(latest["event_time"] / 1000, UTC).strftime("%Y-%m-%d %H:%M"),
    ]
    return f"  [{', '.join(fact for fact in facts if fact)}]"
