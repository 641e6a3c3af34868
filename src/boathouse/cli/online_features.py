"""``boathouse features publish``, ``verify``, ``unpublish`` and ``online-stores``: what readers find by key."""

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

import click

from boathouse.cli.principals import ROOT, connected, output_option, show_table

if TYPE_CHECKING:
    from boathouse.session import Session

_STORES = f"{ROOT}/features/online-stores"


@click.command(short_help="Publish a feature table's latest known values.")
@click.argument("table")
@click.option("--store", help="The online store; where it was published before, or the one of the home.")
@click.option("--online-table", metavar="NAME", help="What readers call it; TABLE with _online by default.")
@click.option(
    "--mode", type=click.Choice(["triggered", "snapshot", "continuous"], case_sensitive=False), default="triggered",
    show_default=True, help="What has changed; everything; or what changes until this is stopped.",
)  # fmt: skip
@click.option("--ttl", metavar="TIME", help="Older values are no values: 90s, 15m, 36h, 7d.")
@click.option("--feature", "features", multiple=True, help="Publish this feature; all by default. Can be repeated.")
@output_option
def publish(
    table: str, store: str | None, online_table: str | None, mode: str, ttl: str | None, features: tuple[str, ...],
    output: str,
) -> None:  # fmt: skip
    """Publish the latest known value per key of the feature table TABLE.

    What is not said stays as it was published before: store, features and time to live.
    """
    from boathouse.features.online.moments import duration_of
    from boathouse.features.online.publishing import publishing
    from boathouse.features.online.registry import wire
    from boathouse.features.online.telling import publication_line

    done = publishing.publish(
        _session(), table, store=store, online_table=online_table, mode=mode.upper(),  # type: ignore[arg-type]
        features=features or None, time_to_live=duration_of(ttl) if ttl else None,
    )  # fmt: skip
    click.echo(json.dumps(wire.publication_json(done), indent=2) if output == "json" else publication_line(done))


@click.command(short_help="Compare an online table with its feature table.")
@click.argument("online_table")
@click.option("--sample", type=click.IntRange(min=1), help="Compare so many keys only.")
@output_option
def verify(online_table: str, sample: int | None, output: str) -> int:
    """Compare ONLINE_TABLE with its feature table at the published version. Exit code 1 if they differ."""
    from boathouse.features.online.telling import verification_json, verification_lines
    from boathouse.features.online.verifying import verify as compare

    found = compare(_session(), online_table, sample=sample)
    if output == "json":
        click.echo(json.dumps(verification_json(found), indent=2, default=str))
    else:
        for line in verification_lines(found):
            click.echo(line)
    return 0 if found.matches else 1


@click.command(short_help="Take an online table away.")
@click.argument("online_table")
@click.option("--force", is_flag=True, help="Even if its store does not answer.")
def unpublish(online_table: str, *, force: bool) -> None:
    """Take ONLINE_TABLE away: its readers find nothing any more."""
    from boathouse.features.online.publishing import publishing

    publishing.unpublish(_session(), online_table, force=force)
    click.echo(f"{online_table} is not published any more.")


@click.group("online-stores")
def online_stores() -> None:
    """Online stores: list, create, delete."""


@online_stores.command("list")
@output_option
def list_stores(output: str) -> None:
    """List the online stores."""
    show_table(connected().get(_STORES)["online_stores"], ("name", "kind", "url", "owner"), output)


@online_stores.command()
@click.argument("name")
@click.option("--kind", type=click.Choice(["lmdb", "redis"]), default="lmdb", show_default=True)
@click.option(
    "--url", help="Of Redis: redis://:{{secrets/scope/key}}@host:6379/0. Of LMDB, if not in the home: file:///folder."
)
def create(name: str, kind: str, url: str | None) -> None:
    """Register the online store NAME; for administrators."""
    made = connected().post(_STORES, {"name": name, "kind": kind, "url": url})
    click.echo(f"Registered the online store {made['name']} at {made['url']}.")


@online_stores.command()
@click.argument("name")
def delete(name: str) -> None:
    """Forget the online store NAME, to which nothing is published."""
    connected().delete(f"{_STORES}/{quote(name, safe='')}")
    click.echo(f"Forgot the online store {name}.")


def _session() -> "Session":
    from boathouse.session import default_session

    return default_session()
