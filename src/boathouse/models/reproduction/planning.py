"""What it takes to reproduce a version, and why it cannot be done: a pure function over what is known of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from boathouse.models.nouns import RunInput
from boathouse.models.reproduction.nouns import Held, Plan


@dataclass(frozen=True, slots=True)
class InputFact:
    """A table version that the run has read, and what has become of it."""

    input: RunInput
    name_now: str | None
    """None: the table was dropped."""
    problem: str | None = None
    """Why the version cannot be read any more."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the server knows of how a version was made."""

    model: str
    version: int
    run_id: str | None = None
    run_is_there: bool = False
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of the run."""
    recipe: Mapping[str, Any] | None = None
    has_code: bool = False
    """Whether the deployed files are still there; true where none are needed."""
    has_lock: bool = False
    inputs: Sequence[InputFact] = ()
    unversioned: Sequence[str] = ()
    """What the task read that has no versions: volumes, files."""


def plan_of(facts: Facts) -> Plan:
    """How the version would be reproduced; with obstacles, it cannot be."""
    obstacles = [*_of_run(facts), *_of_code(facts), *_of_data(facts)]
    return Plan(
        model=facts.model,
        version=facts.version,
        run_id=facts.run_id,
        recipe=facts.recipe,
        environment=facts.tags.get("boathouse.environment"),
        held=tuple(_held(facts.inputs)),
        obstacles=tuple(obstacles),
        limits=tuple(_limits(facts)),
    )


def _of_run(facts: Facts) -> list[str]:
    if facts.run_id is None:
        return ["The version was registered without a run: nobody knows how it was made."]
    if not facts.run_is_there:
        return [f"The run {facts.run_id} that it was made from has been deleted."]
    if "boathouse.task_run_id" not in facts.tags:
        elsewhere = (
            f"The run {facts.run_id} was not started by a task of a job but by a notebook or program elsewhere: "
        )
        return [elsewhere + "neither its code nor its environment are known here."]
    if facts.recipe is None:
        return ["The run of the job has been forgotten, and no recipe of its task was kept."]
    return []


def _of_code(facts: Facts) -> list[str]:
    if facts.recipe is None:
        return []
    found: list[str] = []
    if not facts.has_code:
        commit = facts.tags.get("boathouse.git.commit")
        which = f" (commit {commit[:12]})" if commit else ""
        found.append(f"The deployed files that the task ran from{which} are not on the server any more.")
    if facts.tags.get("boathouse.environment") is None or not facts.has_lock:
        found.append("The lock of the environment that the task ran in is not known.")
    return found


def _of_data(facts: Facts) -> list[str]:
    found: list[str] = []
    for each in facts.inputs:
        what = f"{each.input.table_name} at version {each.input.version}"
        if each.name_now is None:
            found.append(f"The table of {what} was dropped.")
        elif each.problem is not None:
            found.append(f"{what} cannot be read any more: {each.problem}")
        elif each.name_now != each.input.table_name:
            found.append(f"{each.input.table_name} is called {each.name_now} now; the code will not find it.")
    return found


def _limits(facts: Facts) -> list[str]:
    if facts.recipe is None:
        return []
    found: list[str] = []
    if facts.tags.get("boathouse.git.dirty") == "true":
        commit = facts.tags.get("boathouse.git.commit", "")[:12]
        found.append(
            f"The code had uncommitted changes: it is the deployed files that are run again, not commit {commit}."
        )
    elif "boathouse.git.commit" not in facts.tags:
        found.append("The code is of no known commit; it is the deployed files that are run again.")
    if not facts.inputs:
        found.append("No table was read through Boathouse: that the data is the same cannot be held.")
    found += [f"{name} has no versions: it is read as it is now." for name in facts.unversioned]
    by_table: dict[str, list[RunInput]] = {}
    for each in facts.inputs:
        by_table.setdefault(each.input.table_id, []).append(each.input)
    for several in by_table.values():
        if len(several) > 1:
            versions = ", ".join(str(each.version) for each in sorted(several, key=lambda each: each.version))
            found.append(
                f"{several[0].table_name} was read at versions {versions}: where the code names none, it gets the last."
            )
    return found


def _held(inputs: Sequence[InputFact]) -> list[Held]:
    last: dict[str, Held] = {}
    for each in inputs:
        item = each.input
        if item.table_id not in last or last[item.table_id].version < item.version:
            last[item.table_id] = Held(item.table_id, each.name_now or item.table_name, item.version)
    return sorted(last.values(), key=lambda each: each.name)
