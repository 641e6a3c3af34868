"""``boathouse gc``: what nothing refers to any more, and away with it."""

import json
import re
import sys
import time
from datetime import timedelta
from typing import Any

import click

from boathouse.cli.principals import connected
from boathouse.foundation.rest import RestClient

PATH = "/api/boathouse/v1/garbage/passes"
KINDS = ("runs", "models", "experiments", "artifacts", "tables", "versions", "dropped", "bundles", "leftovers")
_PAGE = 10_000
_POLL_SECONDS = 0.5
_SHOWN = 20
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([wdhms])")
_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


class Length(click.ParamType[timedelta]):
    """A length of time such as ``7d`` or ``1d12h``."""

    name = "length"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        text = str(value).strip().lower()
        parts = _PART.findall(text)
        if not parts or _PART.sub("", text).strip():
            self.fail(f"{value!r} is no length of time; write 7d, 12h or 1d12h.", param, ctx)
        return sum((timedelta(**{_UNITS[unit]: float(number)}) for number, unit in parts), timedelta())


@click.command()
@click.option("--dry-run", is_flag=True, help="Only tell what would go.")
@click.option("--older-than", type=Length(), default="7d", show_default=True, help="Leave alone what is younger.")
@click.option("--only", type=click.Choice(KINDS), multiple=True, help="Of this kind only; may be given again.")
@click.option("--status", is_flag=True, help="Show the last passes instead.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text")
@click.pass_context
def gc(
    context: click.Context, *, dry_run: bool, older_than: timedelta, only: tuple[str, ...], status: bool, output: str
) -> None:
    """Remove what nothing refers to: deleted runs, orphaned artifacts, old files of tables, dropped tables, old code.

    Models' versions keep their runs, their files and the table versions they were trained on. Evidence is always kept.
    """
    client = connected()
    if status:
        _show_passes(client.get(PATH)["passes"], output)
        return
    asked = {"dry_run": dry_run, "older_than_seconds": older_than.total_seconds(), "only": list(only)}
    found = _ended(client, client.post(PATH, asked)["id"])
    if output == "json":
        click.echo(json.dumps(found, indent=2))
    else:
        _show(found)
    if found["error"]:
        click.secho(f"Error: {found['error']}", fg="red", err=True)
    if found["error"] or found["total"]["kept"]:
        context.exit(1)


def _ended(client: RestClient, id: str) -> Any:
    """The pass when it is over, with all its items."""
    items: list[Any] = []
    while True:
        found = client.get(f"{PATH}/{id}", offset=len(items), limit=_PAGE)
        items += found["items"]
        if found["ended_at"] is not None and len(found["items"]) < _PAGE:
            return {**found, "items": items}
        if found["ended_at"] is None and len(found["items"]) < _PAGE:
            if sys.stderr.isatty():
                click.echo(f"\r{found['at_work_on'] or ''}: {found['total']['count']} found  ", nl=False, err=True)
            time.sleep(_POLL_SECONDS)


def _show(found: Any) -> None:
    totals = {kind: found["totals"][kind] for kind in KINDS if kind in found["totals"]}
    if not totals:
        click.echo("There is nothing that nothing refers to.")
        return
    rows = [
        (kind, str(each["count"]), str(each["files"]), spoken_bytes(each["bytes"]), *_done(found, each))
        for kind, each in totals.items()
    ]
    done = () if found["dry_run"] else ("Removed", "Kept")
    _table(("Kind", "Things", "Files", "Bytes", *done), rows)
    largest = sorted(found["items"], key=lambda each: -each["bytes"])[:_SHOWN]
    _table(("Kind", "What", "Why", "Bytes"),
           [(each["kind"], each["what"], each["why"], spoken_bytes(each["bytes"])) for each in largest])  # fmt: skip
    total = found["total"]
    if total["count"] > _SHOWN:
        click.echo(f"The {_SHOWN} largest of {total['count']} are shown; -o json has all.")
    if found["dry_run"]:
        click.echo(f"{spoken_bytes(total['bytes'])} would be freed. Nothing was removed.")
    else:
        click.echo(f"{total['removed']} of {total['count']} removed.")


def _done(found: Any, total: Any) -> tuple[str, ...]:
    return () if found["dry_run"] else (str(total["removed"]), str(total["kept"]))


def _show_passes(passes: Any, output: str) -> None:
    from boathouse.foundation.clock import from_epoch_ms

    if output == "json":
        click.echo(json.dumps(passes, indent=2))
        return
    if not passes:
        click.echo("No garbage has been collected yet.")
        return
    rows = [
        (from_epoch_ms(each["started_at"]).strftime("%Y-%m-%d %H:%M:%S"), each["principal"],
         "dry run" if each["dry_run"] else "removed", str(each["total"]["count"]), spoken_bytes(each["total"]["bytes"]),
         each["error"] or ("" if each["ended_at"] else f"at work on {each['at_work_on'] or '...'}"))
        for each in passes
    ]  # fmt: skip
    _table(("Begun", "By", "", "Things", "Bytes", ""), rows)


def spoken_bytes(size: int) -> str:
    """1536 as ``1.5 kB`` would be, in powers of 1000."""
    number, unit = float(size), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if number < 1000 or unit == "TB":
            break
        number /= 1000
    return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"


def _table(titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(*titles, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    Console().print(table)
