"""``boathouse model export``, ``import``, ``inspect`` and ``trust``: versions that go from one home to another."""

import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from boathouse.cli.model_cards import ROOT, version_path
from boathouse.cli.model_text import print_json
from boathouse.cli.principals import connected, output_option, show_table
from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.errors import BoathouseError
from boathouse.foundation.rest import Connection, RestClient
from boathouse.models.addresses import parse_address

if TYPE_CHECKING:
    from boathouse.models.archives import Archive

SIGNERS = "/api/boathouse/v1/signers"
_PATIENCE_SECONDS = 3600.0
_FILE = click.Path(dir_okay=False, path_type=Path)
_EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("export")
@click.argument("version")
@click.argument("file", type=_FILE)
@click.option("--force", is_flag=True, help="Write over FILE if it is there.")
def export_version(version: str, file: Path, force: bool) -> None:
    """Write VERSION (NAME@3, NAME@champion) with all that is known of it to FILE, signed with this home's key."""
    address = parse_address(version)
    if file.exists() and not force:
        raise click.UsageError(f"{file} is there already; --force writes over it.")
    with _draft(file) as draft:
        with draft.open("xb") as written:
            for chunk in _patient().download(f"{version_path(address)}/archive"):
                written.write(chunk)
        with _opened(draft) as archive:
            archive.verify()
            told = archive.manifest
            lines = [f"{told.model}@{told.version}: {len(told.entries)} files, {told.total_bytes:,} bytes"]
            lines += [f"signed by {archive.fingerprint}", f"manifest {archive.sha256}"]
            lines += _code_lines([(each.path, each.why) for each in told.runs_code])
    click.secho(f"Written: {file}", bold=True)
    click.echo("\n".join(lines))


@click.command("import")
@click.argument("file", type=_EXISTING)
@click.option("--as", "name", required=True, metavar="NAME", help="The model that the version is to belong to.")
@click.option("--allow-pickle", is_flag=True, help="Take a model that runs code of its maker when it is loaded.")
@click.option("--evaluate", is_flag=True, help="Start the model's deployment job with the new version.")
@output_option
def import_version(file: Path, name: str, allow_pickle: bool, evaluate: bool, output: str) -> None:
    """Make a version of the model NAME of what the archive FILE holds.

    It is verified before anything is made of it. Evidence and signatures of the other server come along to be read;
    they count for no gate here.
    """
    address = parse_address(name)
    if address.which is not None:
        raise click.UsageError("--as takes a model's name; the version gets the next number.")
    path = f"{ROOT}/{quote(str(address.name))}/archive"
    with file.open("rb") as content:
        params = {"allow_pickle": allow_pickle, "evaluate": evaluate}
        headers = {"Content-Type": "application/x-tar", "Content-Length": str(file.stat().st_size)}
        made = _patient().send("POST", path, params=params, content=content, headers=headers).json()
    if output == "json":
        print_json(made)
        return
    click.secho(f"Imported: {made['model']}@{made['version']}", bold=True)
    click.echo(f"from {made['origin']['model']}@{made['origin']['version']}, signed by {made['signer']['name']}")
    click.echo(f"run {made['run_id']}")
    for line in _code_lines([(each["path"], each["why"]) for each in made["runs_code"]]):
        click.echo(line)


@click.command()
@click.argument("file", type=_EXISTING)
@output_option
def inspect(file: Path, output: str) -> None:
    """Say what the archive FILE holds, who has signed it, and whether it is whole. Nothing is loaded or imported."""
    with _opened(file) as archive:
        archive.verify()
        told, signer = archive.manifest, _signer_named(archive.fingerprint)
        found: dict[str, Any] = {
            "model": told.model,
            "version": told.version,
            "format_version": told.format_version,
            "manifest_sha256": archive.sha256,
            "fingerprint": archive.fingerprint,
            "signer": signer,
            "facts": dict(told.facts),
            "runs_code": [{"path": each.path, "why": each.why} for each in told.runs_code],
            "files": [{"path": each.path, "size": each.size, "sha256": each.sha256} for each in told.entries],
        }
    if output == "json":
        print_json(found)
        return
    click.secho(f"{told.model}@{told.version}", bold=True)
    click.echo(f"whole: {len(told.entries)} files, {told.total_bytes:,} bytes, format {told.format_version}")
    click.echo(f"signed by {archive.fingerprint}: {signer or 'not trusted here'}")
    click.echo(f"manifest {archive.sha256}")
    for line in _code_lines([(each.path, each.why) for each in told.runs_code]):
        click.echo(line)
    show_table(
        [{"path": each["path"], "bytes": f"{each['size']:,}"} for each in found["files"]], ("path", "bytes"), "text"
    )


@click.group()
def trust() -> None:
    """Whose archives this home takes."""


@trust.command("show")
def show_key() -> None:
    """Print this home's public key, for who is to trust it."""
    found = connected().get(SIGNERS)
    click.echo(found["own_key"])
    click.echo(next(each["fingerprint"] for each in found["signers"] if each["is_own"]), err=True)


@trust.command("list")
@output_option
def list_signers(output: str) -> None:
    """List the keys whose archives are taken."""
    found = connected().get(SIGNERS)["signers"]
    for each in found:
        each["since"] = from_epoch_ms(each["added_at"]).strftime("%Y-%m-%d") if each["added_at"] else ""
    show_table(found, ("name", "fingerprint", "added_by", "since"), output)


@trust.command("add")
@click.argument("key")
@click.option("--name", help="How the signer is called here; by default, as KEY says.")
def add_signer(key: str, name: str | None) -> None:
    """Trust KEY: the line that the other side prints with boathouse model trust show, or a file with it.

    Compare the fingerprint with the other side by another way than the key came.
    """
    file = Path(key)
    text = file.read_text(encoding="utf-8") if " " not in key and file.is_file() else key
    made = connected().post(SIGNERS, {"key": text.strip(), "name": name})
    click.echo(f"Trusted as {made['name']}: {made['fingerprint']}")


@trust.command("remove")
@click.argument("signer")
def remove_signer(signer: str) -> None:
    """Take no more archives of SIGNER, a name or fingerprint; what came in stays."""
    gone = connected().delete(SIGNERS, which=signer)
    click.echo(f"No longer trusted: {gone['name']}, {gone['fingerprint']}")


def _code_lines(code: list[tuple[str, str]]) -> list[str]:
    if not code:
        return ["runs no code when it is loaded"]
    return ["runs code of its maker when it is loaded:", *(f"  {path} {why}" for path, why in code)]


def _signer_named(fingerprint: str) -> str | None:
    """How the signer is called here; None when nobody has said so, or no Boathouse runs."""
    try:
        found = connected().get(SIGNERS)["signers"]
    except BoathouseError:
        return None
    return next((each["name"] for each in found if each["fingerprint"] == fingerprint), None)


@contextmanager
def _opened(file: Path) -> "Generator[Archive]":
    from boathouse.models.archives import Archive

    with file.open("rb") as content:
        yield Archive(content)


@contextmanager
def _draft(file: Path) -> Generator[Path]:
    """Another name beside the file, which takes its place when all went well."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(6)}")
    try:
        yield draft
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


def _patient() -> RestClient:
    return RestClient(Connection.from_surroundings(), timeout_seconds=_PATIENCE_SECONDS)
