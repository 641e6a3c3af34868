"""An MLflow store of somebody else, opened for reading: a folder ``mlruns``, an SQLite file or a tracking server."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from boathouse.foundation.errors import InvalidInput, NotFound

_PAGE = 500


@dataclass(frozen=True, slots=True)
class ImportSource:
    """Where experiments, runs and models are read from."""

    name: str
    """As the user has named it."""
    client: Any
    """An ``MlflowClient``."""
    uri: str
    folder: Path | None = None
    """Where artifacts lie when they are no longer where the store says: a folder ``mlruns`` that was moved."""
    is_remote: bool = False

    def experiments(self) -> Iterator[Any]:
        yield from _pages(lambda token: self.client.search_experiments(max_results=_PAGE, page_token=token))

    def runs(self, experiment_id: str) -> Iterator[Any]:
        """All runs, deleted ones too."""
        from mlflow.entities import ViewType

        yield from _pages(
            lambda token: self.client.search_runs(
                [experiment_id], run_view_type=ViewType.ALL, max_results=_PAGE, page_token=token
            )
        )

    def logged_models(self, experiment_id: str) -> Iterator[Any]:
        yield from _pages(lambda token: self.client.search_logged_models([experiment_id], max_results=_PAGE, page_token=token))  # fmt: skip  # noqa: E501

    def registered_models(self) -> Iterator[Any]:
        yield from _pages(lambda token: self.client.search_registered_models(max_results=_PAGE, page_token=token))

    def versions(self, model: str) -> list[Any]:
        quoted = model.replace("'", "''")
        found = _pages(
            lambda token: self.client.search_model_versions(f"name='{quoted}'", max_results=_PAGE, page_token=token)
        )
        return sorted(found, key=lambda version: int(version.version))

    def local_artifacts(self, uri: str | None, *fallback: str) -> Path | None:
        """The folder or file that an artifact URI means on this machine; None when there is none."""
        if uri and (path := _path_of(uri)) is not None and path.exists():
            return path
        if self.folder is not None and fallback and (path := self.folder.joinpath(*fallback)).exists():
            return path
        return None


def open_source(name: str, scratch: Path, artifacts: Path | None = None) -> ImportSource:
    """Open a store; what is read of files is a copy in ``scratch``, so the original stays as it is.

    Raises:
        NotFound: There is no such folder or file.
        InvalidInput: It is no MLflow store.
    """
    from mlflow import MlflowClient

    if name.startswith(("http://", "https://")):
        return ImportSource(name, MlflowClient(tracking_uri=name, registry_uri=name), name, is_remote=True)
    path = Path(name.removeprefix("sqlite:///")).expanduser().absolute()
    copy = scratch / "source.db"
    if path.is_dir():
        folder = path / "mlruns" if (path / "mlruns").is_dir() else path
        _migrate_folder(folder, copy)
    elif path.is_file():
        folder = artifacts.absolute() if artifacts else None
        _copy_database(path, copy)
    else:
        raise NotFound(f"There is no folder or file {path}.", hint="Name an mlruns folder, a .db file, or a URL.")
    uri = f"sqlite:///{copy}"
    return ImportSource(str(path), MlflowClient(tracking_uri=uri, registry_uri=uri), uri, folder)


def _migrate_folder(folder: Path, copy: Path) -> None:
    """MLflow's own migration of its old file stores."""
    from contextlib import redirect_stdout
    from io import StringIO

    from mlflow.exceptions import MlflowException
    from mlflow.store.fs2db import migrate

    try:
        with redirect_stdout(StringIO()):
            migrate(folder, f"sqlite:///{copy}", progress=False)
    except MlflowException as error:
        raise InvalidInput(f"{folder} is no MLflow store: {error.message}.", hint="Name the mlruns folder.") from error


def _copy_database(path: Path, copy: Path) -> None:
    try:
        with (
            closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            tables = {row[0] for row in source.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if not {"experiments", "runs", "alembic_version"} <= tables:
                raise InvalidInput(f"{path} is no database of MLflow.", hint="It is often called mlflow.db.")
            source.backup(target)
    except sqlite3.DatabaseError as error:
        raise InvalidInput(f"{path} is no SQLite database: {error}.", hint="Name MLflow's .db file.") from error
    # What "mlflow db upgrade" calls; it has no public name.
    from mlflow.store.db.utils import _upgrade_db, create_sqlalchemy_engine  # pyright: ignore[reportPrivateUsage]

    engine = create_sqlalchemy_engine(f"sqlite:///{copy}")
    _upgrade_db(engine)
    engine.dispose()


def copy_artifacts(source: Path, target: Path) -> int:
    """Copy a file or folder so that it appears whole; gives the bytes. What is there already stays."""
    if target.exists():
        return 0
    draft = target.with_name(f".{target.name}.draft")
    if draft.is_dir():
        shutil.rmtree(draft)
    draft.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, draft)
    else:
        draft.mkdir()
        shutil.copy2(source, draft / source.name)
    draft.rename(target)
    return size_of(target)


def size_of(path: Path) -> int:
    return sum(file.stat().st_size for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file())


def _path_of(uri: str) -> Path | None:
    parts = urlsplit(uri)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return Path(uri) if not parts.scheme else None


def _pages(fetch: Callable[[str | None], Any]) -> Iterator[Any]:
    token: str | None = None
    while True:
        page = fetch(token)
        yield from page
        token = page.token
        if not token:
            return
