"""Deleted runs, logged models and experiments of MLflow, each with its files; and files that are nobody's."""

from collections.abc import Callable, Iterator
from pathlib import Path

from boathouse.care.garbage.folders import children, throw_away, weigh
from boathouse.care.garbage.nouns import Garbage, Kind
from boathouse.foundation.home import Home
from boathouse.models.unused import Owners, Unused, UnusedMlflow


class MlflowRows:
    """Runs, logged models or experiments: the row goes first, then the folder. Killed in between, the folder is
    nobody's, and the next pass takes it."""

    def __init__(
        self,
        kind: Kind,
        home: Home,
        find: Callable[[int], list[Unused]],
        remove: Callable[[str, int], bool],
    ) -> None:
        self.kind = kind
        self._home = home
        self._find = find
        self._remove = remove

    def find(self, before: int) -> Iterator[Garbage]:
        for each in self._find(before):
            weight = weigh(self._folder(each)) if self.kind is not Kind.EXPERIMENTS else None
            yield Garbage(
                self.kind,
                each.id if each.name == each.id else f"{each.name} ({each.id})",
                each.why,
                weight.bytes if weight else 0,
                weight.files if weight else 0,
                handle=f"{each.id}\n{each.location or ''}",
            )

    def remove(self, item: Garbage, before: int) -> bool:
        id, _, location = item.handle.partition("\n")
        if not self._remove(id, before):
            return False
        if location and self.kind is not Kind.EXPERIMENTS:
            throw_away(self._home, self._home.artifacts / location)
        elif location:
            _remove_if_empty(self._home.artifacts / location)
        return True

    def _folder(self, unused: Unused) -> Path:
        # without a place of its own below the artifact folder there is nothing of it here
        return self._home.artifacts / unused.location if unused.location else self._home.artifacts / "-"


class OrphanArtifacts:
    """Folders of artifacts that belong to no run, no logged model, no trace and no version."""

    kind = Kind.ARTIFACTS

    def __init__(self, home: Home, mlflow: UnusedMlflow) -> None:
        self._home = home
        self._mlflow = mlflow

    def find(self, before: int) -> Iterator[Garbage]:
        owners = self._mlflow.owners()
        for experiment in children(self._home.artifacts):
            if not experiment.name.isdecimal():
                continue  # not made by MLflow
            for folder, kind in _parts(experiment):
                if _is_owned(folder, kind, self._home.artifacts, owners):
                    continue
                weight = weigh(folder)
                if weight.newest <= before:
                    path = folder.relative_to(self._home.artifacts).as_posix()
                    shown, handle = f"artifacts/{path}", f"{kind}\n{path}"
                    yield Garbage(self.kind, shown, _WHY[kind], weight.bytes, weight.files, handle)

    def remove(self, item: Garbage, before: int) -> bool:
        kind, _, path = item.handle.partition("\n")
        folder = self._home.artifacts / path
        if self._mlflow.owns(path.split("/")[0], kind, folder.name) or weigh(folder).newest > before:
            return False
        throw_away(self._home, folder)
        return True


_WHY = {"runs": "there is no such run", "logged_models": "there is no such logged model",
        "trace_info": "there is no such trace"}  # fmt: skip
_BELOW = {"models": "logged_models", "traces": "trace_info"}


def _parts(experiment: Path) -> Iterator[tuple[Path, str]]:
    """The folders of an experiment that are of runs, logged models or traces; of anything else nobody here knows."""
    for child in children(experiment):
        if child.name in _BELOW:
            yield from ((each, _BELOW[child.name]) for each in children(child))
        elif len(child.name) == _RUN_ID_LENGTH and set(child.name) <= _HEX:
            yield child, "runs"


_RUN_ID_LENGTH = 32
_HEX = frozenset("0123456789abcdef")


def _is_owned(folder: Path, kind: str, artifacts: Path, owners: Owners) -> bool:
    ids = {"runs": owners.runs, "logged_models": owners.models, "trace_info": owners.traces}[kind]
    return folder.name in ids or folder.relative_to(artifacts).as_posix() in owners.folders


def _remove_if_empty(folder: Path) -> None:
    for place in (folder / "models", folder / "traces", folder):
        try:
            place.rmdir()
        except OSError:
            continue


def mlflow_collectors(home: Home, mlflow: UnusedMlflow) -> list[MlflowRows | OrphanArtifacts]:
    """All of MLflow's garbage, in the order in which it goes: a logged model before the run that tells that it may."""
    return [
        MlflowRows(Kind.MODELS, home, mlflow.models, mlflow.remove_model),
        MlflowRows(Kind.RUNS, home, mlflow.runs, mlflow.remove_run),
        MlflowRows(Kind.EXPERIMENTS, home, mlflow.experiments, mlflow.remove_experiment),
        OrphanArtifacts(home, mlflow),
    ]
