"""``boathouse contract``: what tables promise, and whether they keep it."""

import json
from pathlib import Path
from typing import Any

import click

from boathouse.cli.instants import instant, shown
from boathouse.cli.principals import connected, output_option, show_table
from boathouse.foundation.errors import InvalidInput, NotFound

API = "/api/boathouse/v1/contracts"
_COLOURS = {"breaking": "red", "weaker": "yellow", "stricter": "green", "told": None}
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def contract() -> None:
    """Data contracts (Open Data Contract Standard): what tables promise, and whether they keep it."""


@contract.command("list")
@output_option
def list_all(output: str) -> None:
    """List the tables with contracts, and what is broken."""
    found = connected().get(API)["contracts"]
    if output == "text":
        found = [
            {**each, "broken": ", ".join(each["broken"][:3]), "since": shown(each["valid_from"])} for each in found
        ]
    show_table(found, ["table", "contract", "version", "revision", "owner", "since", "broken"], output)


@contract.command()
@click.argument("file", type=_FILE)
@click.argument("table")
@click.option("--quarantine", metavar="TABLE", help="For rows that are set aside; by default TABLE_quarantine.")
def attach(file: Path, table: str, quarantine: str | None) -> None:
    """Let the contract in FILE hold for TABLE from now on; each write is asked its rules."""
    made = connected().put(_path(table), {"document": _read(file), "quarantine": quarantine})
    rules = made["terms"]["rules"]
    at_write = sum(each["at_write"] for each in rules)
    click.echo(f"{made['table']}: {made['contract']} {made['version']}, revision {made['revision']}.")
    click.echo(f"{len(rules)} rules, {at_write} of them at each write; what is set aside goes to {made['quarantine']}.")
    if made["terms"]["ignored"]:
        click.secho(f"Nothing comes of {', '.join(made['terms']['ignored'])}.", fg="yellow")


@contract.command()
@click.argument("table")
def detach(table: str) -> None:
    """Let no contract hold for TABLE any more; what held stays on record."""
    connected().delete(_path(table))
    click.echo(f"{table} has no contract any more.")


@contract.command()
@click.argument("table")
@click.option("--at", "at", metavar="WHEN", help="The one that held then: 2026-03-01T10:00 (UTC), or 2h ago.")
@click.option("--history", is_flag=True, help="Every contract that it had.")
@click.option("--checks", is_flag=True, help="The latest checks.")
@output_option
def show(table: str, at: str | None, history: bool, checks: bool, output: str) -> None:
    """Show the contract of TABLE, as a file."""
    client = connected()
    if history:
        found = client.get(f"{_path(table)}/revisions")["revisions"]
        if output == "text":
            found = [{**each, "from": shown(each["valid_from"]), "to": shown(each["valid_to"])} for each in found]
        show_table(found, ["revision", "contract", "version", "owner", "from", "to", "attached_by"], output)
        return
    if checks:
        found = client.get(f"{_path(table)}/checks")["checks"]
        if output == "text":
            found = [{**each, "at": shown(each["checked_at"]), "state": "broken" if each["is_broken"] else "holds",
                      "broken": "; ".join(one["rule"] for one in each["findings"] if one["is_breach"])}
                     for each in found]  # fmt: skip
        show_table(found, ["check_id", "at", "table_version", "rows", "state", "broken"], output)
        return
    held = client.get(_path(table), at=None if at is None else instant(at, "--at"))
    if output == "json":
        click.echo(json.dumps(held, indent=2))
        return
    click.echo(held["document"].rstrip())
    if held.get("is_asked") is False:
        click.secho(
            f"{table} was replaced since: attach the contract again, so that writes are asked.", fg="red", err=True
        )


@contract.command()
@click.argument("table")
@click.option("--file", "file", type=_FILE, help="Against this file instead of the contract that is attached.")
@click.option("--against", metavar="TABLE|VERSION", help="Compare rows, missing values and outliers, too.")
@click.option("--as-of", metavar="WHEN", help="As if it were another time.")
@output_option
def check(table: str, file: Path | None, against: str | None, as_of: str | None, output: str) -> None:
    """Hold TABLE against its contract; the exit code is 1 when it is broken.

    What a check against the attached contract comes to is kept, if you may write to the table.
    """
    from boathouse.foundation.clock import ManualClock, SystemClock, from_epoch_ms
    from boathouse.foundation.errors import Denied
    from boathouse.foundation.names import TableName
    from boathouse.quality.contracts.asking import told_of
    from boathouse.quality.contracts.checking import check as held_against
    from boathouse.quality.contracts.reading import read_contract
    from boathouse.session import default_session

    name = TableName.parse(table)
    client = connected() if file is None else None
    text = _read(file) if file is not None else str(client.get(_path(table))["document"]) if client else ""
    clock = SystemClock() if as_of is None else ManualClock(from_epoch_ms(instant(as_of, "--as-of")))
    report = held_against(
        default_session(), name, read_contract(text, file or "contract", table=table), clock, against=against
    )
    if client is not None:
        try:
            client.post(f"{_path(table)}/checks", report.to_json())
        except Denied as error:
            click.secho(f"Not kept: {error.message}", fg="yellow", err=True)
    if output == "json":
        click.echo(json.dumps(report.to_json(), indent=2))
    else:
        for line in told_of(report):
            colour = "red" if line.startswith("broken") else "yellow" if line.startswith("warning") else None
            click.secho(line, fg=colour)
    if report.broken:
        raise click.exceptions.Exit(1)


@contract.command()
@click.argument("table")
@click.option("--file", "file", type=_FILE, help="Write it there; it must not exist.")
def infer(table: str, file: Path | None) -> None:
    """Write a first contract of TABLE: what holds of it today, for you to correct."""
    from boathouse.foundation.clock import SystemClock
    from boathouse.quality.contracts.inferring import infer as inferred
    from boathouse.session import default_session

    text = inferred(default_session(), table, SystemClock())
    if file is None:
        click.echo(text.rstrip())
        return
    try:
        with file.open("x", encoding="utf-8") as target:
            target.write(text)
    except FileExistsError as error:
        raise InvalidInput(f"{file} is there already.", hint="Give another name, or remove it.") from error
    click.echo(f"Wrote {file}. Read it before you attach it: boathouse contract attach {file} {table}")


@contract.command()
@click.argument("before")
@click.argument("after")
@output_option
def diff(before: str, after: str, output: str) -> None:
    """Show what changes from BEFORE to AFTER: files, or tables that have one.

    The exit code is 1 when it breaks whoever reads.
    """
    from boathouse.quality.contracts.differing import Effect, differences
    from boathouse.quality.contracts.reading import read_contract

    texts = [_of_file_or_table(each) for each in (before, after)]
    found = differences(*(read_contract(text, name) for name, text in zip((before, after), texts, strict=True)))
    if output == "json":
        click.echo(json.dumps([each.to_json() for each in found], indent=2))
    elif not found:
        click.echo("They promise the same.")
    else:
        for each in found:
            click.secho(f"{each.effect.value}: {each.what}", fg=_COLOURS[each.effect.value])
    if any(each.effect is Effect.BREAKING for each in found):
        raise click.exceptions.Exit(1)


def _of_file_or_table(given: str) -> str:
    file = Path(given)
    if file.is_file() or file.suffix in (".yaml", ".yml"):
        return _read(file)
    return str(connected().get(_path(given))["document"])


def _read(file: Path) -> str:
    if not file.is_file():
        raise NotFound(f"There is no file {file}.")
    return file.read_text(encoding="utf-8")


def _path(table: str) -> Any:
    from urllib.parse import quote

    return f"{API}/{quote(table, safe='')}"
