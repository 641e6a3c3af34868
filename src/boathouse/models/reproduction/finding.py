"""Which run and which model of a reproduction answer to those of the version."""

from collections.abc import Sequence
from typing import Any

from boathouse.models.repository import ModelRepository
from boathouse.models.reproduction.nouns import Registered, Reproduction
from boathouse.models.stores import PAGE_SIZE, MlflowStores


class Counterparts:
    """Finds them: by what the code registered, else by its place among what the task has made."""

    def __init__(self, stores: MlflowStores, models: ModelRepository) -> None:
        self._stores = stores
        self._models = models

    def version_to_answer(self, reproduction: Reproduction, model: str) -> int | None:
        """The version that the code is told it has made: the one that it made then, in the same turn."""
        turn = sum(each.model == model for each in reproduction.registered)
        numbers = self._versions_of_task(model, reproduction.run_id)
        if turn < len(numbers):
            return numbers[turn]
        return reproduction.version if model == reproduction.model else (numbers[-1] if numbers else None)

    def registered(self, reproduction: Reproduction) -> Registered | None:
        """What the code wanted to register where it registered the version."""
        numbers = self._versions_of_task(reproduction.model, reproduction.run_id)
        mine = [each for each in reproduction.registered if each.model == reproduction.model]
        turn = numbers.index(reproduction.version) if reproduction.version in numbers else 0
        return mine[turn] if turn < len(mine) else None

    def run(self, reproduction: Reproduction, task_runs: Sequence[int]) -> str | None:
        """The run that answers to the one the version was made from."""
        found = self.registered(reproduction)
        if found is not None and (run_id := found.run_id or self._run_of_source(found.source)):
            return run_id
        task_run_id = self._models.task_of_run(reproduction.run_id)
        before = self._in_order(self._models.runs_of_tasks([task_run_id])) if task_run_id is not None else []
        after = self._in_order(self._models.runs_of_tasks(task_runs))
        turn = before.index(reproduction.run_id) if reproduction.run_id in before else 0
        return after[turn] if turn < len(after) else None

    def model_id(self, reproduction: Reproduction, run_id: str) -> str | None:
        """The logged model that answers to the version's."""
        found = self.registered(reproduction)
        if found is not None and (named := _model_id(found.source)):
            return named
        original = self._stores.registry.get_model_version(reproduction.model, str(reproduction.version))
        name = self._stores.logged_model(original.model_id).name if original.model_id else None
        made = self.models_of_run(run_id)
        return next((each.model_id for each in made if each.name == name), made[0].model_id if len(made) == 1 else None)

    def models_of_run(self, run_id: str) -> list[Any]:
        experiment = self._stores.experiment_of_run(run_id)
        search = self._stores.tracking.search_logged_models
        wanted = f"source_run_id = '{run_id}'"
        return list(self._stores.call(lambda: search([experiment], filter_string=wanted, max_results=PAGE_SIZE)))

    def _versions_of_task(self, model: str, run_id: str) -> list[int]:
        """The versions of a model that the task of a run has made, in their order."""
        task_run_id = self._models.task_of_run(run_id)
        runs = set(self._models.runs_of_tasks([task_run_id])) if task_run_id is not None else {run_id}
        return [version for version in sorted(self._models.versions_of(model))
                if self._models.run_of_version(model, version) in runs]  # fmt: skip

    def _run_of_source(self, source: str) -> str | None:
        if source.startswith("runs:/"):
            return source.removeprefix("runs:/").strip("/").partition("/")[0]
        model_id = _model_id(source)
        return self._stores.logged_model(model_id).source_run_id if model_id else None

    def _in_order(self, run_ids: Sequence[str]) -> list[str]:
        runs = [self._stores.call(lambda: self._stores.tracking.get_run(each)) for each in run_ids]  # noqa: B023
        return [run.info.run_id for run in sorted(runs, key=lambda run: (run.info.start_time, run.info.run_id))]


def _model_id(source: str) -> str | None:
    """The logged model that a source of a version names."""
    if source.startswith("models:/"):
        name = source.removeprefix("models:/").strip("/")
        return name if name.startswith("m-") and "/" not in name else None
    return next((part for part in source.split("/") if part.startswith("m-") and len(part) > 20), None)
