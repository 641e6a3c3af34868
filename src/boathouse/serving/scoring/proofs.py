"""Whether a model answers in this process as it does in MLflow: found out once per model, and kept.

Both are asked with the model's input example, and with rows made up from its signature where MLflow answers those. It
takes MLflow's import and the loading of the model in a process of its own, some seconds; the result is kept under a
hash of the model's files and of the versions of what reads them.
"""

import fcntl
import hashlib
import json
import math
import random
import struct
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, cast

import orjson

from boathouse.foundation.errors import BoathouseError
from boathouse.serving.scoring.example import made_up
from boathouse.serving.scoring.mlmodel import ModelFolder
from boathouse.serving.scoring.nouns import Scorer, ScoringFailed
from boathouse.serving.scoring.payloads import JSON, read_payload

PLAN = 1
"""Raised when this room reads or asks models in another way, so that all is found out anew."""
_TOLERANCE = 1e-12
_SINGLE_TOLERANCE = 2e-6
"""Between numbers of 32 bits: libraries that count in those add them up in the order that threads happen to take."""
_ROWS = 1_000_000
_SINGLE = struct.Struct("f")
_LIBRARIES = ("boathouse", "lightgbm", "numpy", "onnxruntime", "pandas", "scikit-learn", "skops", "xgboost")


@dataclass(frozen=True, slots=True)
class Proof:
    """What came out."""

    is_equal: bool
    why: str
    """What was compared, or what differed."""


class Proofs:
    """Proofs of one home, as files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def known(self, key: str) -> Proof | None:
        """What has been found out before."""
        try:
            return Proof(**json.loads((self._folder / f"{key}.json").read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def keep(self, key: str, proof: Proof) -> None:
        draft = self._folder / f"{key}.{random.getrandbits(32):x}.new"
        draft.write_text(json.dumps(asdict(proof)), encoding="utf-8")
        draft.replace(self._folder / f"{key}.json")

    @contextmanager
    def only_one(self, key: str) -> Generator[None]:
        """Of several workers that load the same model, one finds it out; the others wait for that."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / f"{key}.lock").open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def key_of(folder: ModelFolder) -> str:
    """Another one for other files, or for other libraries to read them with."""
    digest = hashlib.sha256(f"{PLAN} {sys.version_info[:2]} {library_versions()}".encode())
    for file in sorted(path for path in folder.path.rglob("*") if path.is_file()):
        digest.update(f"\0{file.relative_to(folder.path)}\0".encode())
        with file.open("rb") as content:
            digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()[:32]


def prove(folder: ModelFolder, ours: Scorer, theirs: Scorer) -> Proof:
    """Ask both the same."""
    compared: list[str] = []
    for name, body in (("its input example", folder.example), ("rows made up from its signature", made_up(folder))):
        if body is None:
            continue
        try:
            expected = _answer(theirs, body)
        except (BoathouseError, ScoringFailed) as error:
            if name.startswith("its"):
                return Proof(False, f"MLflow does not answer {name}: {error}")
            continue
        try:
            found = _answer(ours, body)
        except Exception as error:  # noqa: BLE001 - whatever a library raises, MLflow has an answer
            return Proof(False, f"{name}: {type(error).__name__}: {error}")
        if (difference := differs(expected, found)) is not None:
            return Proof(False, f"{name}: {difference}")
        compared.append(name)
    if not compared:
        return Proof(False, "it has no input example, and MLflow answers no rows made up from its signature")
    return Proof(True, f"equal for {' and '.join(compared)}")


def differs(expected: Any, found: Any, place: str = "") -> str | None:
    """Where two JSON values differ by more than rounding; None when they do not."""
    if isinstance(expected, bool) or isinstance(found, bool) or expected is None or found is None:
        return None if expected is found else _difference(expected, found, place)
    if isinstance(expected, (int, float)) and isinstance(found, (int, float)):
        return None if expected == found or _are_close(expected, found) else _difference(expected, found, place)
    if isinstance(expected, list) and isinstance(found, list):
        ours, theirs = cast("list[Any]", found), cast("list[Any]", expected)
        if len(theirs) != len(ours):
            return f"{place or 'predictions'} has {len(ours)} entries instead of {len(theirs)}"
        pairs = enumerate(zip(theirs, ours, strict=True))
        return next((why for row, (a, b) in pairs if (why := differs(a, b, f"{place}[{row}]"))), None)
    if isinstance(expected, dict) and isinstance(found, dict):
        ours, theirs = cast("dict[str, Any]", found), cast("dict[str, Any]", expected)
        if ours.keys() != theirs.keys():
            return f"{place or 'predictions'} has {', '.join(ours)} instead of {', '.join(theirs)}"
        return next((why for name in theirs if (why := differs(theirs[name], ours[name], f"{place}.{name}"))), None)
    return None if type(expected) is type(found) and expected == found else _difference(expected, found, place)


def _are_close(expected: float, found: float) -> bool:
    tolerance = _SINGLE_TOLERANCE if _is_single(expected) and _is_single(found) else _TOLERANCE
    return math.isclose(expected, found, rel_tol=tolerance, abs_tol=tolerance)


def _is_single(value: float) -> bool:
    """Whether 32 bits hold it, and it has a fraction."""
    try:
        return not float(value).is_integer() and _SINGLE.unpack(_SINGLE.pack(value))[0] == value
    except OverflowError:
        return False


def _answer(scorer: Scorer, body: bytes) -> Any:
    payload = read_payload(body, JSON, most_rows=_ROWS)
    return orjson.loads(scorer.answer(scorer.predict(scorer.read(payload), payload.params)))


def _difference(expected: Any, found: Any, place: str) -> str:
    return f"{place or 'predictions'} is {found!r:.60} instead of {expected!r:.60}"


def library_versions() -> str:
    """Of what reads and asks models."""
    found: list[str] = []
    for name in _LIBRARIES:
        try:
            found.append(f"{name}=={version(name)}")
        except PackageNotFoundError:
            continue
    return " ".join(found)
