"""Where a model comes from: the tables a run has read, at which versions, and the versions made from the run.

What a version was trained on stays readable while the version exists: its table versions are pinned.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from boathouse.catalog import LineageEdge, LineageNode, NodeKind, Privilege, SecurableKind
from boathouse.catalog.definitions import FEATURES
from boathouse.foundation.context import current_request
from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.foundation.names import TableName
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.models.artifact_addresses import artifact_path
from boathouse.models.authority import with_authority
from boathouse.models.nouns import NewVersion, RunInput
from boathouse.models.repository import ModelFollower, ModelRepository
from boathouse.models.stores import MlflowStores

if TYPE_CHECKING:
    from boathouse.catalog import Catalog

_MAKES_VERSIONS = (Privilege.MANAGE, Privilege.CREATE_MODEL_VERSION)

VersionFollower = Callable[[Connection, NewVersion], None]
"""Writes in our database what follows from a new version."""

INPUT_CONTEXT_TAG = "mlflow.data.context"


class Provenance:
    """Remembers inputs and versions, draws lineage, pins and releases."""

    def __init__(self, stores: MlflowStores, catalog: "Catalog", repository: ModelRepository) -> None:
        self._stores = stores
        self._catalog = catalog
        self._repository = repository
        self._told: list[VersionFollower] = []

    def tell(self, follower: "VersionFollower") -> None:
        """Call this for each new version, in the transaction that makes it known."""
        self._told.append(follower)

    def follow(self, follower: ModelFollower) -> None:
        """Tell somebody when a model is renamed, and when it or a version of it is gone."""
        self._repository.follow(follower)

    # --- runs

    def add_inputs(self, principal: Principal, run_ids: Sequence[str], tables: Iterable[LineageNode]) -> None:
        """Note that runs have read table versions: in our database, in the lineage, on MLflow's runs."""
        found = [(node, self._input(node)) for node in tables]
        inputs = [
            RunInput(run_id, table_id, node.name, node.version or 0, location)
            for run_id in run_ids
            for node, known in found
            if known is not None
            for table_id, location in [known]
        ]
        new = self._repository.add_inputs(inputs)
        if not new:
            return
        self._catalog.lineage.record(principal, [_trained(item) for item in new])
        self.log_inputs(new)

    def log_inputs(self, inputs: Sequence[RunInput]) -> None:
        """Show inputs on MLflow's runs as datasets; one that cannot be shown now is tried again at the next start."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        for run_id in dict.fromkeys(item.run_id for item in inputs):
            mine = [item for item in inputs if item.run_id == run_id]
            datasets = [
                DatasetInput(
                    Dataset(item.table_name, digest_of(item), "delta_table", _source_json(item)),
                    [InputTag(INPUT_CONTEXT_TAG, "training")],
                )
                for item in mine
            ]
            with suppress(NotFound):  # the run has been deleted for good in the meantime
                self._stores.call(lambda: self._stores.tracking.log_inputs(run_id, datasets))  # noqa: B023
            self._repository.mark_logged(mine)

    def _input(self, node: LineageNode) -> tuple[str, str] | None:
        """Id and location of a table; None when it is no table, or is gone."""
        if node.kind is not NodeKind.TABLE or node.version is None:
            return None
        try:
            table = self._catalog.securables.table(SYSTEM, TableName.parse(node.name))
        except (NotFound, InvalidInput):
            return None
        if table.data_source_format != "DELTA":
            return None  # a system table has no versions that anybody could keep
        return table.securable.id, table.storage_location

    # --- versions

    def version_created(self, principal: Principal, version: Any, *, starts_job: bool = True) -> None:
        """Remember where a version lies, pin its inputs, draw the lineage. Does nothing the second time."""
        model, number = str(version.name), int(version.version)
        run_id = version.run_id or self._run_of_model(version.model_id)
        new = NewVersion(model, number, run_id, principal.name, starts_job)

        def tell(connection: Connection) -> None:
            for follower in self._told:
                follower(connection, new)

        if not self._repository.add_source(model, number, run_id, self._location(version), also=tell):
            return
        if not run_id:
            return
        node = LineageNode(NodeKind.MODEL_VERSION, model, number)
        edge = LineageEdge(LineageNode(NodeKind.RUN, run_id), node, "REGISTERED")
        self._catalog.lineage.record(with_authority(principal), [edge])
        for item in self._repository.inputs_of(run_id):
            self._catalog.pins.pin(with_authority(principal), item.table_id, item.version, holder_of(model, number))

    def features_taken(self, principal: Principal, edges: Sequence[LineageEdge], _: object = None) -> None:
        """Lineage says that versions take features: the tables become inputs of their runs, and stay readable.

        What the principal has no right to keep for a version is left out; so is a version without a run.
        """
        task = current_request().task
        if task is not None and task.reproduction is not None:
            return  # what a version takes was said when it was made
        for edge in edges:
            table, taker = edge.source, edge.target
            if edge.operation != FEATURES or table is None or taker is None or taker.kind is not NodeKind.MODEL_VERSION:
                continue
            run_id = self._repository.run_of_version(taker.name, taker.version or 0)
            known = self._input(table) if run_id and self._may_keep(principal, table, taker) else None
            if run_id is None or known is None:
                continue
            self.add_inputs(principal, [run_id], [table])
            holder = holder_of(taker.name, taker.version or 0)
            self._catalog.pins.pin(with_authority(principal), known[0], table.version or 0, holder)

    def _may_keep(self, principal: Principal, table: LineageNode, taker: LineageNode) -> bool:
        allows = self._catalog.grants.allows
        return (
            table.kind is NodeKind.TABLE
            and allows(principal, Privilege.SELECT, SecurableKind.TABLE, table.name)
            and any(allows(principal, each, SecurableKind.REGISTERED_MODEL, taker.name) for each in _MAKES_VERSIONS)
        )

    def version_deleted(self, model: str, number: int) -> None:
        self._catalog.pins.release(holder_of(model, number))
        self._repository.drop_source(model, number)

    def model_renamed(self, name: str, new_name: str) -> None:
        """Carry pins, places and history over to the new name."""
        numbers = self._repository.versions_of(name)
        for number in numbers:
            version = self._stores.call(lambda: self._stores.registry.get_model_version(new_name, str(number)))  # noqa: B023
            for item in self._repository.inputs_of(version.run_id) if version.run_id else ():
                self._catalog.pins.pin(SYSTEM, item.table_id, item.version, holder_of(new_name, number))
            self._catalog.pins.release(holder_of(name, number))
        self._repository.rename_model(name, new_name)

    def models_at(self, path: str) -> set[str]:
        """The registered models whose content lies at an artifact path, or around it."""
        parts = path.strip("/").split("/")
        return self._repository.models_at("/".join(parts[:length]) for length in range(1, len(parts) + 1))

    def models_of_logged_model(self, model_id: str) -> set[str]:
        """The registered models that were made from a logged model."""
        return self.models_at(artifact_path(self._stores.logged_model(model_id).artifact_location) or "")

    def _run_of_model(self, model_id: str | None) -> str | None:
        return self._stores.logged_model(model_id).source_run_id if model_id else None

    def _location(self, version: Any) -> str | None:
        """Where the content of a version lies below the artifact folder; None when it lies elsewhere, or nowhere."""
        stores = self._stores
        ask = stores.registry.get_model_version_download_uri
        uri = str(stores.call(lambda: ask(str(version.name), str(version.version))) or "")
        if uri.startswith("runs:/"):
            run_id, _, path = uri.removeprefix("runs:/").partition("/")
            root = artifact_path(stores.call(lambda: stores.tracking.get_run(run_id)).info.artifact_uri)
            return f"{root}/{path}".strip("/") if root else None
        return artifact_path(uri)


def holder_of(model: str, version: int) -> str:
    """The name under which a model version pins its inputs."""
    return f"model_version:{model}/{version}"


def digest_of(item: RunInput) -> str:
    """What tells two inputs of one name apart; MLflow allows 36 characters."""
    return f"{sha256(item.table_id.encode()).hexdigest()[:12]}-v{item.version}"


def _source_json(item: RunInput) -> str:
    # The keys of MLflow's own Delta source, so that mlflow.data.get_source() understands it, and the place.
    return json.dumps(
        {
            "delta_table_name": item.table_name,
            "delta_table_version": item.version,
            "delta_table_id": item.table_id,
            "location": item.location,
        }
    )


def _trained(item: RunInput) -> LineageEdge:
    table = LineageNode(NodeKind.TABLE, item.table_name, item.version)
    return LineageEdge(table, LineageNode(NodeKind.RUN, item.run_id), "TRAINED")
