"""The home folder: where one Boathouse keeps everything it knows.

.boathouse/
├── run.json          port and pids while it runs
├── token             the operating-system user's token, readable by that user only
├── secrets.key       what secrets are encrypted with, readable by that user only
├── masking.key      what masked columns of inference tables are hashed with, readable by that user only
├── signing.key      what archives of models are signed with, readable by that user only
├── db/               boathouse.db, mlflow.db, dbos.db (SQLite; or three Postgres schemas)
├── lake/             Delta tables and volumes
├── artifacts/        MLflow artifacts
├── archives/         archives of models that were retired
├── bundles/          snapshots of deployed code
├── environments/     virtual environments by lock hash
├── git/              mirrors of Git repositories that jobs take code from, and their commits
├── runs/             logs and working folders of task runs
├── reproductions/    copies of tables that reproductions of models write to, until their end
├── trash/            what is on its way out; the next gc empties it
├── serving/          what the data plane answers by (snapshot.json), what it counts, and the journals of its workers
├── online/           the default online store: copies of feature tables, which can be published again
└── logs/             logs of the processes
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boathouse.foundation.errors import NotFound

HOME_FOLDER = ".boathouse"
HOME_VARIABLE = "BOATHOUSE_HOME"


@dataclass(frozen=True, slots=True)
class Home:
    """The layout of a home folder; knows paths, touches files only where a verb says so."""

    root: Path

    @property
    def run_file(self) -> Path:
        return self.root / "run.json"

    @property
    def token_file(self) -> Path:
        return self.root / "token"

    @property
    def secrets_key_file(self) -> Path:
        return self.root / "secrets.key"

    @property
    def signing_key_file(self) -> Path:
        return self.root / "signing.key"

    @property
    def masking_key_file(self) -> Path:
        return self.root / "masking.key"

    @property
    def databases(self) -> Path:
        return self.root / "db"

    @property
    def tables(self) -> Path:
        return self.root / "lake" / "tables"

    @property
    def volumes(self) -> Path:
        return self.root / "lake" / "volumes"

    @property
    def artifacts(self) -> Path:
        return self.root / "artifacts"

    @property
    def archives(self) -> Path:
        return self.root / "archives"

    @property
    def bundles(self) -> Path:
        return self.root / "bundles"

    @property
    def environments(self) -> Path:
        return self.root / "environments"

    @property
    def git(self) -> Path:
        return self.root / "git"

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def reproductions(self) -> Path:
        return self.root / "reproductions"

    @property
    def online(self) -> Path:
        return self.root / "online"

    @property
    def serving(self) -> Path:
        return self.root / "serving"

    @property
    def journals(self) -> Path:
        """What the data plane's workers have answered and no inference table has yet; a folder per worker."""
        return self.serving / "journal"

    @property
    def journals_aside(self) -> Path:
        """Parts of journals whose inference tables cannot be written at the moment."""
        return self.serving / "aside"

    def create(self) -> None:
        """Make the folders; only the owner may enter the home."""
        self.root.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o700)
        for folder in (self.databases, self.tables, self.volumes, self.artifacts, self.bundles, self.environments,
                       self.runs, self.logs):  # fmt: skip
            folder.mkdir(parents=True, exist_ok=True)

    def running(self) -> dict[str, Any] | None:
        """What ``run.json`` says, or None when no Boathouse has written one."""
        try:
            return json.loads(self.run_file.read_text())
        except (FileNotFoundError, NotADirectoryError):
            return None

    def token(self) -> str | None:
        """The token of the operating-system user, if the first start has made one."""
        try:
            return self.token_file.read_text().strip()
        except FileNotFoundError:
            return None


def locate_home(start: Path | None = None) -> Home | None:
    """The home in force: ``BOATHOUSE_HOME``, else the nearest ``.boathouse`` upward from ``start``."""
    if named := os.environ.get(HOME_VARIABLE):
        return Home(Path(named).expanduser().absolute())
    here = (start or Path.cwd()).absolute()
    for folder in (here, *here.parents):
        if (folder / HOME_FOLDER).is_dir():
            return Home(folder / HOME_FOLDER)
    return None


def require_home() -> Home:
    """The home in force.

    Raises:
        NotFound: There is none here or above.
    """
    home = locate_home()
    if home is None:
        raise NotFound(
            f"There is no Boathouse home in {Path.cwd()} or above it.",
            hint="Start one with: boathouse up",
        )
    return home
