"""Brings a home back from a backup: checked before, built beside its place, checked again, then renamed into it."""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from boathouse.care.databases import BOATHOUSE, MLFLOW
from boathouse.care.drafts import draft_of, require_space
from boathouse.care.living import refuse_living
from boathouse.care.manifest import HOME, BackupDamaged, BackupFile, Manifest, copy_hashed
from boathouse.care.relocating import relocate
from boathouse.care.verifying import verify, verify_tables
from boathouse.catalog import Catalog
from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.errors import AlreadyExists
from boathouse.foundation.home import Home
from boathouse.foundation.principals import SYSTEM
from boathouse.jobs.executing.interrupting import interrupt_runs, pause_all, queue_again
from boathouse.metastore import Database, DatabaseUrl, migrate
from boathouse.models.checking import check_store
from boathouse.notifications.outbox import give_up_all
from boathouse.notifications.webhooks.repository import pause_all as pause_webhooks


@dataclass(frozen=True, slots=True)
class RestoreOptions:
    """How to restore."""

    replace: bool = False
    """Move a home that is there aside; it is kept."""
    resume_runs: bool = False
    """Go on with the runs that were under way, instead of ending them."""
    keep_schedules: bool | None = None
    """Leave schedules and triggers as they were. None: only when the home comes back to its own place, because
    elsewhere the old one may be alive, and nothing must fire twice."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore has done and found."""

    manifest: Manifest
    table_files: int
    relocated: int
    """Places in the databases that were rewritten, because the home has another path now."""
    runs: int
    """Runs that were under way, and were ended or queued again."""
    paused: int
    """Jobs whose schedule or trigger was paused."""
    experiments: int
    models: int
    aside: Path | None
    """Where the home is now that was there before."""


def restore(backup: Path, home: Home, options: RestoreOptions | None = None) -> Restored:
    """Bring back a home. Nothing is touched before every file of the backup was checked.

    Raises:
        Conflict: Somebody works on the home.
        AlreadyExists: The home has data, and ``replace`` was not said.
        BackupDamaged: The backup is not whole.
        Unavailable: The disk has not enough room; nothing is left behind.
    """
    options = options or RestoreOptions()
    root = home.root.absolute()
    aside = _aside(home, options)
    verified = verify(backup)
    manifest = verified.manifest
    root.parent.mkdir(parents=True, exist_ok=True)
    require_space(root.parent, manifest.bytes)
    with draft_of(root, aside=aside) as draft:
        for file in verified.files:
            _copy(backup, file, draft)
        relocated = relocate(draft / "db", Path(manifest.home), root)
        is_at_home = Path(manifest.home) == root
        keeps_schedules = is_at_home if options.keep_schedules is None else options.keep_schedules
        runs, paused = _wake(Home(draft), manifest, options, keeps_schedules=keeps_schedules)
        table_files = verify_tables(draft, manifest, root)
        experiments, models = check_store(DatabaseUrl.sqlite(draft / "db" / MLFLOW).url)
        refuse_living(home)  # it took a while
    return Restored(manifest, table_files, relocated, runs, paused, experiments, models, aside)


def _aside(home: Home, options: RestoreOptions) -> Path | None:
    """Where to move what is there; None when nothing is."""
    refuse_living(home)
    root = home.root.absolute()
    if not root.exists():
        return None
    if not any(path.is_file() for path in root.rglob("*")):
        shutil.rmtree(root)  # empty folders
        return None
    if not options.replace:
        raise AlreadyExists(
            f"There is a home at {root} already.",
            hint="Restore to another place with --home, or say --replace: the old home is moved aside and kept.",
        )
    return root.with_name(f"{root.name}.replaced-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")


def _copy(backup: Path, file: BackupFile, draft: Path) -> None:
    _, digest = copy_hashed(backup / HOME / file.path, draft / file.path)
    if digest != file.sha256:
        raise BackupDamaged(f"The file {file.path} of {backup} changed while it was read.", hint="Try again.")


def _wake(home: Home, manifest: Manifest, options: RestoreOptions, *, keeps_schedules: bool) -> tuple[int, int]:
    """Bring the database to this release's schema, and settle what was under way: runs, and jobs that are paused."""
    database = Database(DatabaseUrl.sqlite(home.databases / BOATHOUSE))
    try:
        migrate(database)
        now = epoch_ms(datetime.now(UTC))
        message = f"Interrupted: the home was restored from a backup of {manifest.instant}."
        runs = queue_again(database, now) if options.resume_runs else interrupt_runs(database, message, now)
        paused = 0 if keeps_schedules else pause_all(database, now)
        if not keeps_schedules:
            pause_webhooks(database, now)
            give_up_all(database, f"The home was restored beside another from a backup of {manifest.instant}.")
        catalog = Catalog(database, home)
        catalog.identities.revoke_task_tokens()
        params = {"instant": manifest.instant, "runs": runs, "paused": paused}
        catalog.audit.record(SYSTEM, "care", "restore", params=params)
        return runs, paused
    finally:
        database.dispose()
