"""The whole comparison of a reproduction that has come to its end, from the records and the files of both sides."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from boathouse.models.nouns import RunInput
from boathouse.models.reproduction.comparing import (
    compared_files,
    compared_metrics,
    compared_predictions,
    compared_texts,
)
from boathouse.models.reproduction.files import facts_of
from boathouse.models.reproduction.nouns import Aspect, Reproduction, Verdict

Lock = Callable[[str], str | None]

PACKAGES_OF_TASK = frozenset({"boathouse"})
"""Never compared: a task uses the Boathouse that it runs on."""


def aspects_of_runs(before: Any, after: Any, lock: Lock) -> list[Aspect]:
    """Parameters, metrics and environments of two runs of MLflow."""
    return [
        compared_texts("parameters", dict(before.data.params), dict(after.data.params)),
        compared_metrics(dict(before.data.metrics), dict(after.data.metrics)),
        compared_texts("environment", _packages(before, lock), _packages(after, lock)),
    ]


def aspect_of_inputs(before: list[RunInput], after: list[RunInput]) -> Aspect:
    """The table versions that both runs have read."""
    return compared_texts("inputs", _versions(before), _versions(after))


def aspect_of_files(before: Path | None, after: Path | None, ids: tuple[list[str], list[str]]) -> Aspect:
    """The files of both models."""
    if before is None or not before.is_dir():
        return Aspect("files", Verdict.NOT_COMPARED, note="The files of the version are not kept here.")
    if after is None or not after.is_dir():
        return Aspect("files", Verdict.NOT_COMPARED, note="The reproduction has logged no model.")
    return compared_files(facts_of(before, ids[0]), facts_of(after, ids[1]))


def aspect_of_predictions(found: Reproduction, failure: str | None) -> Aspect:
    return compared_predictions(found.predictions, failure or "The models were not asked.")


def _packages(run: Any, lock: Lock) -> dict[str, str]:
    text = lock(run.data.tags.get("boathouse.environment", "-")) or ""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, pinned, rest = line.partition("==")
        if pinned and name not in PACKAGES_OF_TASK:
            found[name] = rest.partition(" ")[0]
        elif line.startswith("# local wheel"):
            found[line.removeprefix("# ")] = "used"
    return found


def _versions(inputs: list[RunInput]) -> Mapping[str, str]:
    found: dict[str, list[int]] = {}
    for each in inputs:
        found.setdefault(each.table_id, []).append(each.version)
    names = {each.table_id: each.table_name for each in inputs}
    return {names[table_id]: ", ".join(map(str, sorted(versions))) for table_id, versions in found.items()}
