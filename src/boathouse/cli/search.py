"""``boathouse search``: find what there is."""

import json
from collections.abc import Mapping
from typing import Any

import click

from boathouse.cli.principals import ROOT, connected

_LONGEST_COMMENT = 80


@click.command()
@click.argument("words", nargs=-1)
@click.option("--kind", "kinds", multiple=True, help="Only tables, models, jobs...; can be repeated.")
@click.option("--tag", "tags", multiple=True, metavar="KEY[=VALUE]", help="Only what has this tag.")
@click.option("--owner", help="Only what this principal owns.")
@click.option("-n", "--limit", default=20, show_default=True, help="How many, best first.")
@click.option("--json", "as_json", is_flag=True, help="All that is known, as JSON.")
@click.option("--rebuild", is_flag=True, help="Make the index anew first (administrators).")
def search(
    words: tuple[str, ...],
    kinds: tuple[str, ...],
    tags: tuple[str, ...],
    owner: str | None,
    limit: int,
    as_json: bool,
    rebuild: bool,
) -> None:
    """Find what has WORDS in its name, comment, tags, columns or owner, as far as you may know of it."""
    client = connected()
    if rebuild:
        things = client.post(f"{ROOT}/search/rebuild")["things"]
        click.echo(f"The index has {things} things.", err=True)
        if not (words or kinds or tags or owner):
            return
    asked = {"q": " ".join(words), "kind": kinds or None, "tag": tags or None, "owner": owner, "limit": limit}
    hits = client.get(f"{ROOT}/search", **asked)["hits"]
    if as_json:
        click.echo(json.dumps(hits, indent=2))
        return
    if not hits:
        click.echo("Nothing that you may know of answers to that.", err=True)
    for hit in hits:
        _show(hit)


def _show(hit: Mapping[str, Any]) -> None:
    name = hit["title"] or hit["full_name"]
    facts = [hit["kind"].replace("_", " "), f"owned by {hit['owner']}"]
    if hit["use"]["reads"]:
        facts.append(f"read {hit['use']['reads']} times by {hit['use']['readers']} in 30 days")
    facts += [key if not value else f"{key}={value}" for key, value in sorted(hit["tags"].items())]
    click.echo(f"{click.style(name, bold=True)}  {click.style(' · '.join(facts), dim=True)}")
    if hit["columns"]:
        click.echo(f"    columns {', '.join(hit['columns'])}")
    if hit["comment"]:
        comment = " ".join(hit["comment"].split())
        click.echo(f"    {comment if len(comment) <= _LONGEST_COMMENT else comment[: _LONGEST_COMMENT - 1] + '…'}")
