"""What of MLflow nothing refers to: deleted runs, logged models and experiments, and what artifacts still belong to.

Reads with single queries, since there may be a hundred thousand of each. A row goes only if it is still unused in the
transaction that removes it; what belongs to it on disk goes afterwards, and is an orphan if nobody comes to it.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, text

from boathouse.catalog import Catalog, SecurableKind
from boathouse.foundation.errors import NotFound
from boathouse.foundation.principals import SYSTEM
from boathouse.models.artifact_addresses import artifact_path
from boathouse.models.repository import ModelRepository
from boathouse.models.stores import MlflowStores

_MODEL_ID = re.compile(r"\bm-[0-9a-f]{32}\b")
_GONE_VERSION = "Deleted_Internal"
"""The stage that MLflow leaves on the row of a deleted version."""

_DELETED_RUNS = """
SELECT run_uuid AS id, artifact_uri AS uri, experiment_id AS experiment FROM runs
WHERE lifecycle_stage = 'deleted' AND deleted_time <= :before ORDER BY run_uuid"""
_VERSIONS = "SELECT run_id, source, storage_location FROM model_versions WHERE current_stage <> :gone"
_LOGGED_MODELS = """
SELECT m.model_id AS id, m.artifact_location AS uri, m.experiment_id AS experiment, m.lifecycle_stage AS stage,
       m.last_updated_timestamp_ms AS updated, r.run_uuid AS run_id, r.lifecycle_stage AS run_stage,
       r.deleted_time AS run_deleted, m.source_run_id AS source_run_id
FROM logged_models m LEFT JOIN runs r ON r.run_uuid = m.source_run_id"""
_MODELS = f"{_LOGGED_MODELS} ORDER BY m.model_id"
_MODEL = f"{_LOGGED_MODELS} WHERE m.model_id = :id"
_VERSION_OF_MODEL = """
SELECT 1 FROM model_versions
WHERE current_stage <> :gone AND (source LIKE :part OR storage_location LIKE :part) LIMIT 1"""
_EXPERIMENTS = """
SELECT e.experiment_id AS id, e.name AS name FROM experiments e
WHERE e.lifecycle_stage = 'deleted' AND e.last_update_time <= :before ORDER BY e.experiment_id"""
_CLAIM_RUN = """
UPDATE runs SET lifecycle_stage = 'deleted'
WHERE run_uuid = :id AND lifecycle_stage = 'deleted' AND deleted_time <= :before"""


@dataclass(frozen=True, slots=True)
class Unused:
    """A row that may go, and where its files lie below the artifact folder."""

    id: str
    name: str
    why: str
    location: str | None
    experiment: str


@dataclass(frozen=True, slots=True)
class Owners:
    """The ids to which folders of artifacts may belong."""

    runs: frozenset[str]
    models: frozenset[str]
    traces: frozenset[str]
    folders: frozenset[str]
    """Where versions of registered models lie, and every folder above."""


class UnusedMlflow:
    """Finds and removes them."""

    def __init__(self, stores: MlflowStores, repository: ModelRepository, catalog: Catalog) -> None:
        self._stores = stores
        self._repository = repository
        self._catalog = catalog

    # --- what there is

    def runs(self, before: int) -> list[Unused]:
        """Runs deleted before an instant that no version of a model was made from."""
        used = self._used()
        rows = self._rows(_DELETED_RUNS, before=before)
        return [
            Unused(row.id, row.id, "the run was deleted", _folder(row.uri), str(row.experiment))
            for row in rows
            if row.id not in used.runs
        ]

    def models(self, before: int) -> list[Unused]:
        """Logged models that were deleted, or whose run was, and that no version points to."""
        used = self._used()
        found: list[Unused] = []
        for row in self._rows(_MODELS):
            why = _why_unused(row, before)
            place = _folder(row.uri)
            if why is not None and row.id not in used.models and place not in used.folders:
                found.append(Unused(row.id, row.id, why, place, str(row.experiment)))
        return found

    def experiments(self, before: int) -> list[Unused]:
        """Deleted experiments in which everything is unused."""
        runs, models = {each.id for each in self.runs(before)}, {each.id for each in self.models(before)}
        all_runs = self._rows("SELECT run_uuid AS id, experiment_id AS experiment FROM runs")
        all_models = self._rows("SELECT model_id AS id, experiment_id AS experiment FROM logged_models")
        busy = {str(row.experiment) for row in all_runs if row.id not in runs}
        busy |= {str(row.experiment) for row in all_models if row.id not in models}
        return [
            Unused(str(row.id), row.name, "the experiment was deleted, and all in it", str(row.id), str(row.id))
            for row in self._rows(_EXPERIMENTS, before=before)
            if str(row.id) not in busy
        ]

    def owners(self) -> Owners:
        """Everything that files may belong to, deleted or not."""
        used = self._used()
        return Owners(
            self._ids("SELECT run_uuid FROM runs"),
            self._ids("SELECT model_id FROM logged_models") | used.models,
            self._ids("SELECT request_id FROM trace_info"),
            used.folders,
        )

    def owns(self, experiment: str, kind: str, id: str) -> bool:
        """Whether a folder of artifacts belongs to a run, a logged model or a trace now."""
        column = {"runs": "run_uuid", "logged_models": "model_id", "trace_info": "request_id"}[kind]
        place = f"{experiment}/models/{id}" if kind == "logged_models" else f"{experiment}/{id}"
        known = self._rows(f"SELECT 1 FROM {kind} WHERE {column} = :id", id=id)
        return bool(known) or self._repository.is_of_version(location=place)

    def _ids(self, query: str) -> frozenset[str]:
        return frozenset(str(row[0]) for row in self._rows(query))

    # --- taking away

    def remove_run(self, id: str, before: int) -> bool:
        """Remove a run for good; False when it is no longer unused."""
        if self._repository.is_of_version(run_id=id):
            return False

        def act(session: Any) -> bool:
            if session.execute(text(_CLAIM_RUN), {"id": id, "before": before}).rowcount == 0:
                return not session.execute(text("SELECT 1 FROM runs WHERE run_uuid = :id"), {"id": id}).first()
            wanted = text("SELECT 1 FROM model_versions WHERE run_id = :id AND current_stage <> :gone")
            if session.execute(wanted, {"id": id, "gone": _GONE_VERSION}).first():
                return False
            for table in _OF_A_RUN:
                session.execute(text(f"DELETE FROM {table} WHERE run_uuid = :id"), {"id": id})
            return True

        is_gone = self._in_mlflow(act)
        if is_gone:
            self._repository.forget_run(id)
        return is_gone

    def remove_model(self, id: str, before: int) -> bool:
        """Remove a logged model for good; False when it is no longer unused."""
        rows = self._rows(_MODEL, id=id)
        if not rows:
            return True
        place = _folder(rows[0].uri)
        if _why_unused(rows[0], before) is None or (place and self._repository.is_of_version(location=place)):
            return False
        if self._rows(_VERSION_OF_MODEL, part=f"%{id}%", gone=_GONE_VERSION):
            return False
        hard_delete: Any = self._stores.tracking._hard_delete_logged_model  # pyright: ignore[reportPrivateUsage]
        with suppress(NotFound):
            self._stores.call(lambda: hard_delete(id))
        return True

    def remove_experiment(self, id: str, before: int) -> bool:
        """Remove an experiment for good; False when something is in it again."""
        if not any(each.id == id for each in self.experiments(before)):
            return not self._rows("SELECT 1 FROM experiments WHERE experiment_id = :id", id=int(id))
        left = self._rows("SELECT 1 FROM runs WHERE experiment_id = :id "
                          "UNION SELECT 1 FROM logged_models WHERE experiment_id = :id", id=int(id))  # fmt: skip
        if left:
            return False
        hard_delete: Any = self._stores.tracking._hard_delete_experiment  # pyright: ignore[reportPrivateUsage]
        with suppress(NotFound):
            self._stores.call(lambda: hard_delete(id))
        with suppress(NotFound):
            self._catalog.securables.forget(SYSTEM, SecurableKind.EXPERIMENT, id)
        return True

    # --- within

    def _used(self) -> "_Used":
        versions = self._rows(_VERSIONS, gone=_GONE_VERSION)
        runs = {str(row.run_id) for row in versions if row.run_id}
        texts = " ".join(f"{row.source or ''} {row.storage_location or ''}" for row in versions)
        locations = self._repository.locations_of_versions()
        models = set(_MODEL_ID.findall(texts)) | {each for place in locations for each in _MODEL_ID.findall(place)}
        return _Used(
            frozenset(runs | self._repository.runs_of_versions()), frozenset(models), _with_folders_above(locations)
        )

    def _rows(self, query: str, **values: Any) -> list[Any]:
        statement = text(query)
        if values:
            statement = statement.bindparams(*(bindparam(name, value) for name, value in values.items()))
        with self._stores.tracking.engine.connect() as connection:
            return list(connection.execute(statement))

    def _in_mlflow(self, act: Any) -> bool:
        with self._stores.tracking.ManagedSessionMaker(read_only=False) as session:
            return bool(act(session))


_OF_A_RUN = ("metrics", "latest_metrics", "params", "tags", "runs")
"""MLflow's tables with rows of a run; the run itself last."""


@dataclass(frozen=True, slots=True)
class _Used:
    """What versions of registered models were made from."""

    runs: frozenset[str]
    models: frozenset[str]
    folders: frozenset[str]
    """Where they lie, and every folder above."""


def _with_folders_above(locations: Iterable[str]) -> frozenset[str]:
    found: set[str] = set()
    for location in locations:
        parts = location.split("/")
        found.update("/".join(parts[:length]) for length in range(1, len(parts) + 1))
    return frozenset(found)


def _why_unused(row: Any, before: int) -> str | None:
    """Why a logged model may go, as far as its own row and that of its run say."""
    if row.stage == "deleted" and row.updated <= before:
        return "the logged model was deleted"
    if row.run_stage == "deleted" and row.run_deleted is not None and row.run_deleted <= before:
        return "its run was deleted"
    if row.source_run_id and row.run_id is None and row.updated <= before:
        return "there is no such run any more"
    return None


def _folder(uri: str | None) -> str | None:
    """The folder of a run or a logged model: what MLflow names is the folder ``artifacts`` in it."""
    place = artifact_path(uri)
    return place.removesuffix("/artifacts") if place else None
