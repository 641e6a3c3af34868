"""The files of a model: their bytes, and what is left of those that hold ids and times when these are taken out."""

import hashlib
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

_CHUNK = 1 << 20
MOST_NORMALISED_BYTES = 512 << 20
"""A larger file is compared as it is."""
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
    """Digest without ids and times; None where the file is too large or cannot be read for that."""
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
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    size = path.stat().st_size
    normal = _normal(path, ids) if size <= MOST_NORMALISED_BYTES else None
    hint = "a pickle: its bytes may depend on the order of sets and on shared objects" if _is_pickle(path) else None
    return FileFact(size, digest.hexdigest(), normal, hint)


def _normal(path: Path, ids: tuple[str, ...]) -> str | None:
    """A digest of what is left without the ids of the run and the model, and without what the name says of times."""
    if zipfile.is_zipfile(path):
        return contents_of_zip(path, ids)
    content = _without_ids(path.read_bytes(), ids)
    if (normalise := _NORMAL.get(path.name)) is not None:
        content = normalise(content.decode(errors="replace")).encode()
    return hashlib.sha256(content).hexdigest()


def _without_ids(content: bytes, ids: tuple[str, ...]) -> bytes:
    for id in ids:
        content = content.replace(id.encode(), b"0" * len(id))
    return content


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


def contents_of_zip(path: Path, ids: tuple[str, ...] = ()) -> str | None:
    """A digest of what is in an archive, without the times of its entries; None when it cannot be read.

    skops names objects by the addresses that they had in memory; they are numbered anew.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = {each.filename: _without_ids(archive.read(each), ids) for each in archive.infolist()}
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError):
        return None
    if _SKOPS_SCHEMA in entries:
        entries = _without_addresses(entries)
    digest = hashlib.sha256()
    for name in sorted(entries):
        digest.update(f"{name}\0{len(entries[name])}\0".encode() + entries[name])
    return digest.hexdigest()


_SKOPS_SCHEMA = "schema.json"
_IDENTITY = re.compile(rb'"__id__": \d+')
_NAMED_BY_ADDRESS = re.compile(rb"\d{6,}(?=\.\w+\")")


def _without_addresses(entries: Mapping[str, bytes]) -> dict[str, bytes]:
    schema = _IDENTITY.sub(b'"__id__": 0', entries[_SKOPS_SCHEMA])
    numbers: dict[bytes, bytes] = {}
    for address in _NAMED_BY_ADDRESS.findall(schema):
        numbers.setdefault(address, b"entry%d" % len(numbers))
    renamed: dict[str, bytes] = {}
    for name, content in entries.items():
        stem, dot, suffix = name.partition(".")
        renamed[numbers.get(stem.encode(), stem.encode()).decode() + dot + suffix] = content
    return {**renamed, _SKOPS_SCHEMA: _NAMED_BY_ADDRESS.sub(lambda match: numbers[match[0]], schema)}


def sorted_lines(text: str) -> str:
    return "\n".join(sorted(text.splitlines()))


_NORMAL: dict[str, Callable[[str], str]] = {
    "MLmodel": without_marks,
    "feature_spec.yaml": without_instants,
    "requirements.txt": sorted_lines,
    "registered_model_meta": lambda _: "",
}
"""By name or suffix: files that hold ids or times."""
