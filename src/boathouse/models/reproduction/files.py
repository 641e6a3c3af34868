"""The files of a model: their bytes, and what is left of those that hold ids and times when these are taken out."""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

_CHUNK = 1 << 20
_PICKLES = (".pkl", ".pickle", ".joblib", ".cloudpickle", ".dill")

_MARKS = (
    "model_id", "model_uuid", "run_id", "utc_time_created", "artifact_path", "model_size_bytes", "mlflow_version",
    "prompts", "logged_model", "registered_model_name", "registered_model_version",
)  # fmt: skip
"""Keys at the top of a file ``MLmodel`` that say when and where it was written, not what the model is."""


@dataclass(frozen=True, slots=True)
class FileFact:
    """A file as far as it matters here."""

    size_bytes: int
    digest: str
    normal: str | None = None
    """Digest without ids and times; None for a file that holds none, as far as we know."""
    hint: str | None = None
    """What a difference may come from."""


def facts_of(folder: Path, ids: Iterable[str] = ()) -> dict[str, FileFact]:
    """Every file below a folder; ``ids`` of the model and its run may stand in texts."""
    known = tuple(each for each in ids if each)
    return {
        path.relative_to(folder).as_posix(): _fact(path, known)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def _fact(path: Path, ids: tuple[str, ...]) -> FileFact:
    normalise = _NORMAL.get(path.name) or _NORMAL.get(path.suffix)
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    normal = None
    if normalise is not None:
        text = path.read_text(encoding="utf-8", errors="replace")
        for id in ids:
            text = text.replace(id, "ID")
        normal = hashlib.sha256(normalise(text).encode()).hexdigest()
    hint = "a pickle: its bytes may depend on the order of sets and on shared objects" if _is_pickle(path) else None
    return FileFact(path.stat().st_size, digest.hexdigest(), normal, hint)


def _is_pickle(path: Path) -> bool:
    return path.suffix in _PICKLES


def without_marks(text: str) -> str:
    """An ``MLmodel`` without what says when and where it was written."""
    kept: list[str] = []
    is_mark = False
    for line in text.splitlines():
        if line[:1] not in (" ", "-", ""):
            is_mark = line.partition(":")[0] in _MARKS
        if not is_mark:
            kept.append(line)
    return "\n".join(kept)


_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})?")


def without_instants(text: str) -> str:
    return _INSTANT.sub("INSTANT", text)


def sorted_lines(text: str) -> str:
    return "\n".join(sorted(text.splitlines()))


_NORMAL: dict[str, Callable[[str], str]] = {
    "MLmodel": without_marks,
    "feature_spec.yaml": without_instants,
    "requirements.txt": sorted_lines,
    "registered_model_meta": lambda _: "",
}
"""By name or suffix: files that hold ids or times."""
