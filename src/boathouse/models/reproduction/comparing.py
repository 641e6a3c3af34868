"""What came out against what was: pure functions, one for each side of the comparison."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from boathouse.models.reproduction.files import FileFact
from boathouse.models.reproduction.nouns import Aspect, Difference, Status, Verdict

MOST_TOLD = 50
"""Differences of one side that are kept; the number of all of them stands in the note."""
LEFT_OUT_METRICS = ("system/", "evaluation/")
"""What the machine did, and what gates have logged to the run after training: neither comes from the code."""


def compared_texts(name: str, before: Mapping[str, str], after: Mapping[str, str]) -> Aspect:
    """Texts by name: parameters, packages, versions of tables."""
    found = [
        Difference(key, before.get(key), after.get(key))
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    ]
    return aspect(name, len(before.keys() | after.keys()), found)


def compared_metrics(before: Mapping[str, float], after: Mapping[str, float]) -> Aspect:
    """The last values of metrics, exactly; how far apart they are is told as well."""
    names = sorted(each for each in before.keys() | after.keys() if not each.startswith(LEFT_OUT_METRICS))
    pairs = [(name, before.get(name), after.get(name)) for name in names]
    found = [
        Difference(name, _number(old), _number(new), relative(old, new))
        for name, old, new in pairs
        if not same_number(old, new)
    ]
    left_out = len(before.keys() | after.keys()) - len(names)
    note = f"{left_out} metrics of the machine were left out." if left_out else None
    return aspect("metrics", len(names), found, note)


def compared_files(before: Mapping[str, FileFact], after: Mapping[str, FileFact]) -> Aspect:
    """The files of the two models, byte by byte; where only ids and times differ, that is told and no difference."""
    found: list[Difference] = []
    only_marks: list[str] = []
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old is None or new is None:
            found.append(Difference(path, _described(old), _described(new), note="only one of the two has it"))
        elif old.digest == new.digest:
            continue
        elif old.normal is not None and old.normal == new.normal:
            only_marks.append(path)
        else:
            found.append(Difference(path, _described(old), _described(new), note=old.hint))
    note = None
    if only_marks:
        note = f"Equal but for ids and times: {', '.join(only_marks[:10])}."
    return aspect("files", len(before.keys() | after.keys()), found, note)


def compared_predictions(found: Mapping[str, Any] | None, why_not: str) -> Aspect:
    """What the task that asked both models has found."""
    if found is None:
        return Aspect("predictions", Verdict.NOT_COMPARED, note=why_not)
    if reason := found.get("reason"):
        return Aspect("predictions", Verdict.NOT_COMPARED, note=str(reason))
    differences = [
        Difference(
            str(each["column"]),
            each.get("before"),
            each.get("after"),
            each.get("relative"),
            f"{each['rows']} of {found['rows']} rows",
        )
        for each in found.get("differences", [])
    ]
    return aspect("predictions", int(found["rows"]), differences, f"On {found['rows']} rows of {found['source']}.")


def aspect(name: str, compared: int, differences: Sequence[Difference], note: str | None = None) -> Aspect:
    """A side of the comparison; with nothing to compare there is nothing that differs."""
    if not compared:
        return Aspect(name, Verdict.NOT_COMPARED, note=note or f"There are no {name} on either side.")
    if len(differences) > MOST_TOLD:
        note = " ".join(filter(None, [note, f"{len(differences)} differ; the first {MOST_TOLD} are told."]))
    verdict = Verdict.DIFFERS if differences else Verdict.EQUAL
    return Aspect(name, verdict, compared, tuple(differences[:MOST_TOLD]), note)


def status_of(aspects: Sequence[Aspect]) -> Status:
    """Equal is what differs nowhere, and was compared somewhere."""
    if any(each.verdict is Verdict.DIFFERS for each in aspects):
        return Status.DIFFERS
    return Status.EQUAL if any(each.verdict is Verdict.EQUAL for each in aspects) else Status.FAILED


def same_number(before: float | None, after: float | None) -> bool:
    if before is None or after is None:
        return before is after
    return before == after or (math.isnan(before) and math.isnan(after))


def relative(before: float | None, after: float | None) -> float | None:
    """How far two numbers are apart, as a part of the first; None where that means nothing."""
    if before is None or after is None or not (math.isfinite(before) and math.isfinite(after)) or before == 0:
        return None
    return abs(after - before) / abs(before)


def _number(value: float | None) -> str | None:
    return None if value is None else repr(value)


def _described(fact: FileFact | None) -> str | None:
    return None if fact is None else f"{fact.size_bytes} bytes, sha256 {fact.digest[:12]}"
