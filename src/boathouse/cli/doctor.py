"""``boathouse doctor``: looks for what could go wrong, before it does."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from boathouse.foundation.home import Home, locate_home

MINIMUM_FREE_GIB = 2
MINIMUM_SQLITE = (3, 35, 0)
"""RETURNING and partial unique indexes, which the catalog relies on."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; ``advice`` is set when something should be done."""

    subject: str
    found: str
    advice: str | None = None


@click.command()
def doctor() -> None:
    """Look for what could go wrong on this machine; exit code 1 when something should be done."""
    findings = list(examine(locate_home()))
    for finding in findings:
        mark = click.style("!", fg="red") if finding.advice else click.style("✓", fg="green")
        click.echo(f"{mark} {finding.subject:<14} {finding.found}")
        if finding.advice:
            click.echo(f"  {finding.advice}")
    sys.exit(any(finding.advice for finding in findings))


def examine(home: Home | None) -> Iterator[Finding]:
    """Everything worth a look, the machine first, then the home and what runs on it."""
    yield _python()
    yield _sqlite()
    yield _tool("git", "Bundles record the Git commit they were deployed from; install git.")
    yield _uv()
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        yield Finding(
            "byte code",
            "PYTHONDONTWRITEBYTECODE is set",
            "Unset it: every start compiles all modules anew, 2 to 4 times slower.",
        )
    yield _disk(home.root if home else Path.cwd())
    if home is None:
        yield Finding("home", "none here or above", "Make one with: boathouse up")
        return
    yield _permissions(home)
    yield _processes(home)
    yield from _databases(home)


def _python() -> Finding:
    return Finding("Python", f"{sys.version.split()[0]} at {sys.executable}")


def _sqlite() -> Finding:
    old = sqlite3.sqlite_version_info < MINIMUM_SQLITE
    advice = "Use a Python built with SQLite 3.35 or newer." if old else None
    return Finding("SQLite", sqlite3.sqlite_version, advice)


def _tool(name: str, advice: str) -> Finding:
    path = shutil.which(name)
    return Finding(name, path or "not found", None if path else advice)


def _uv() -> Finding:
    from uv import find_uv_bin

    version = subprocess.run([find_uv_bin(), "--version"], capture_output=True, text=True, check=True)
    return Finding("uv", version.stdout.strip())


def _disk(folder: Path) -> Finding:
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(existing).free / 2**30
    advice = f"Less than {MINIMUM_FREE_GIB} GiB are free: writes may soon fail." if free < MINIMUM_FREE_GIB else None
    return Finding("disk", f"{free:.1f} GiB free at {existing}", advice)


def _permissions(home: Home) -> Finding:
    if not home.token_file.exists():
        return Finding("token", "no token yet", "The first boathouse up makes it.")
    mode = home.token_file.stat().st_mode & 0o777
    advice = f"Others can read your token: chmod 600 {home.token_file}" if mode & 0o077 else None
    return Finding("token", f"{home.token_file} (mode {mode:o})", advice)


def _processes(home: Home) -> Finding:
    from boathouse.foundation.health import read_health
    from boathouse.wiring.supervisor import is_running

    running = home.running()
    if running is None or not is_running(home):
        return Finding("processes", "not running", "Start them with: boathouse up")
    if read_health(str(running["url"])) is None:
        return Finding("processes", f"nothing answers at {running['url']}", "boathouse logs shows why.")
    return Finding("processes", f"running at {running['url']}")


def _databases(home: Home) -> Iterator[Finding]:
    for file in sorted(home.databases.glob("*.db")):
        try:
            with sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5) as connection:
                verdict = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
        except sqlite3.DatabaseError as error:
            verdict = str(error)
        advice = None if verdict == "ok" else f"{file} is damaged; restore it from a backup."
        yield Finding(file.name, f"{verdict}, {file.stat().st_size / 2**20:.1f} MB", advice)
