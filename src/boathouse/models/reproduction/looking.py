"""What the server knows of how a version was made: its run, recipe and inputs, and what of these is still there."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boathouse.catalog import LineageNode, NodeKind
from boathouse.foundation.errors import BoathouseError, NotFound
from boathouse.foundation.names import TableName
from boathouse.foundation.principals import SYSTEM
from boathouse.models.nouns import RunInput
from boathouse.models.repository import ModelRepository
from boathouse.models.reproduction.planning import Facts, InputFact
from boathouse.models.reproduction.repository import ReproductionRepository
from boathouse.models.stores import MlflowStores

if TYPE_CHECKING:
    from boathouse.catalog import Catalog


class Looking:
    """Gathers the facts of a version."""

    def __init__(
        self,
        stores: MlflowStores,
        catalog: "Catalog",
        models: ModelRepository,
        repository: ReproductionRepository,
        environment_lock: Callable[[str], str | None],
    ) -> None:
        self._stores = stores
        self._catalog = catalog
        self._models = models
        self._repository = repository
        self._environment_lock = environment_lock

    def facts(self, model: str, version: int) -> Facts:
        """Everything that decides whether the version can be reproduced."""
        run_id = self._models.run_of_version(model, version)
        run = self.run(run_id) if run_id else None
        if run_id is None or run is None:
            return Facts(model, version, run_id)
        tags = dict(run.data.tags)
        recipe = self._repository.recipe(run_id)
        reads = self._reads(tags)
        inputs = self.inputs_of(run_id, reads)
        return Facts(
            model=model,
            version=version,
            run_id=run_id,
            run_is_there=run.info.lifecycle_stage == "active",
            tags=tags,
            recipe=recipe,
            has_code=recipe is not None and _has_code(recipe),
            has_lock=bool(self._environment_lock(tags.get("boathouse.environment", "-"))),
            inputs=[self._fact(each) for each in inputs],
            unversioned=[f"The {node.kind.value} {node.name}" for node in reads if node.kind is not NodeKind.TABLE],
        )

    def run(self, run_id: str) -> Any | None:
        """A run of MLflow, deleted or not; None when it is gone for good."""
        try:
            return self._stores.call(lambda: self._stores.tracking.get_run(run_id))
        except NotFound:
            return None

    def inputs_of(self, run_id: str, reads: Sequence[LineageNode] = ()) -> list[RunInput]:
        """What a run has read, and what its task has read besides, after the run or before it was known."""
        found = {(each.table_id, each.version): each for each in self._models.inputs_of(run_id)}
        for node in reads:
            item = self._as_input(run_id, node)
            if item is not None and item.table_id not in {table_id for table_id, _ in found}:
                found[item.table_id, item.version] = item
        return list(found.values())

    def _reads(self, tags: dict[str, str]) -> list[LineageNode]:
        task_run_id = tags.get("boathouse.task_run_id", "")
        return self._catalog.lineage.reads_of_task(int(task_run_id)) if task_run_id.isdecimal() else []

    def _as_input(self, run_id: str, node: LineageNode) -> RunInput | None:
        if node.kind is not NodeKind.TABLE or node.version is None:
            return None
        try:
            table = self._catalog.securables.table(SYSTEM, TableName.parse(node.name))
        except BoathouseError:
            return None
        if table.data_source_format != "DELTA":
            return None
        return RunInput(run_id, table.securable.id, node.name, node.version, table.storage_location)

    def _fact(self, item: RunInput) -> InputFact:
        try:
            table = self._catalog.securables.table_by_id(SYSTEM, item.table_id)
        except NotFound:
            return InputFact(item, None)
        return InputFact(item, table.securable.full_name, _problem_of(item))


def _has_code(recipe: Any) -> bool:
    deployment = recipe.get("deployment")
    root = deployment.get("source_root") if deployment else ""
    return not root or Path(root).is_dir()


def _problem_of(item: RunInput) -> str | None:
    """Why a version of a table cannot be read any more."""
    from boathouse.lake import open_snapshot

    try:
        snapshot = open_snapshot(item.location, version=item.version)
    except BoathouseError as error:
        return error.message
    if snapshot.needs_delta_reader:
        return None  # its files are not listed; reading will tell
    gone = sum(not Path(file.path).exists() for file in snapshot.files)
    return f"{gone} of its {len(snapshot.files)} files are gone." if gone else None
