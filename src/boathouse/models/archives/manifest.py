"""A manifest as bytes. There is one way to write each manifest, so what is read has to be written the same again."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from boathouse.models.archives.nouns import (
    FORMAT,
    FORMAT_VERSION,
    MANIFEST,
    SIGNATURE,
    ArchiveDamaged,
    CodeRun,
    Entry,
    Manifest,
    NewerFormat,
    Signature,
)

_HASH = re.compile(r"[0-9a-f]{64}")
_HEX = re.compile(r"(?:[0-9a-f]{2})+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff\\]")
_LONGEST_PATH = 1024
_LONGEST_PART = 255
_LARGEST = 2**53


def canonical(value: Any) -> bytes:
    """The one way to write a JSON value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


def manifest_bytes(manifest: Manifest) -> bytes:
    return canonical(
        {
            "format": FORMAT,
            "format_version": manifest.format_version,
            "model": manifest.model,
            "version": manifest.version,
            "files": [{"path": each.path, "size": each.size, "sha256": each.sha256} for each in manifest.entries],
            "runs_code": [{"path": each.path, "why": each.why} for each in manifest.runs_code],
            "facts": dict(manifest.facts),
        }
    )


def signature_bytes(signature: Signature) -> bytes:
    return canonical(
        {
            "algorithm": "ed25519",
            "public_key": signature.public_key.hex(),
            "signature": signature.signature.hex(),
            "signs": MANIFEST,
        }
    )


def read_signature(content: bytes) -> Signature:
    """
    Raises:
        ArchiveDamaged: The bytes are no signature as we write them.
    """
    told = _object(content, SIGNATURE)
    key, signature = told.get("public_key"), told.get("signature")
    if not (isinstance(key, str) and isinstance(signature, str) and _HEX.fullmatch(key) and _HEX.fullmatch(signature)):
        raise ArchiveDamaged(f"{SIGNATURE} holds no signature.")
    found = Signature(bytes.fromhex(key), bytes.fromhex(signature))
    if signature_bytes(found) != content:
        raise ArchiveDamaged(f"{SIGNATURE} is not written as it should be.")
    return found


def read_manifest(content: bytes) -> Manifest:
    """
    Raises:
        NewerFormat: A later release has written it.
        ArchiveDamaged: The bytes are no manifest as we write them, or it names a path that nobody should write to.
    """
    told = _object(content, MANIFEST)
    if told.get("format") != FORMAT:
        raise ArchiveDamaged("This is no archive of a model.", hint="boathouse model export writes them.")
    number = told.get("format_version")
    if isinstance(number, int) and number > FORMAT_VERSION:
        raise NewerFormat(
            f"The archive has format {number}; this release reads formats up to {FORMAT_VERSION}.",
            hint="Update Boathouse here, or export with the older release.",
        )
    try:
        found = _manifest(told)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArchiveDamaged(f"{MANIFEST} does not have the fields of a manifest.") from error
    _require_paths([entry.path for entry in found.entries])
    if manifest_bytes(found) != content:
        raise ArchiveDamaged(f"{MANIFEST} is not written as it should be.")
    return found


def _manifest(told: Mapping[str, Any]) -> Manifest:
    return Manifest(
        model=_text(told["model"]),
        version=_count(told["version"]),
        entries=tuple(_entry(each) for each in told["files"]),
        runs_code=tuple(CodeRun(_text(each["path"]), _text(each["why"])) for each in told["runs_code"]),
        facts=dict(told["facts"]),
        format_version=_count(told["format_version"]),
    )


def _entry(told: Mapping[str, Any]) -> Entry:
    digest = _text(told["sha256"])
    if not _HASH.fullmatch(digest):
        raise ValueError
    return Entry(_text(told["path"]), _count(told["size"]), digest)


def _require_paths(paths: Sequence[str]) -> None:
    for path in paths:
        if (why := wrong_with(path)) is not None:
            raise ArchiveDamaged(f"The archive names the path {path[:200]!r}, which {why}: nothing is unpacked.")
    if list(paths) != sorted(set(paths)):
        raise ArchiveDamaged("The archive names a path twice, or its paths are in no order.")
    folders = {path[:at] for path in paths for at, character in enumerate(path) if character == "/"}
    if both := folders.intersection(paths):
        raise ArchiveDamaged(f"{sorted(both)[0]!r} is a file and a folder in the archive.")


def wrong_with(path: str) -> str | None:
    """Why nobody should write to this path below a folder; None when it is good."""
    if not path or path.startswith("/") or path in (MANIFEST, SIGNATURE):
        return "is absolute, empty or taken"
    if _CONTROL.search(path):
        return "holds characters that paths should not have"
    parts = path.split("/")
    if {"", ".", ".."}.intersection(parts):
        return "leads elsewhere"
    if len(path.encode()) > _LONGEST_PATH or any(len(part.encode()) > _LONGEST_PART for part in parts):
        return "is too long"
    return None


def _object(content: bytes, what: str) -> dict[str, Any]:
    try:
        told = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ArchiveDamaged(f"{what} of the archive is no JSON.") from error
    if not isinstance(told, dict):
        raise ArchiveDamaged(f"{what} of the archive is no JSON object.")
    return cast(dict[str, Any], told)


def _text(told: Any) -> str:
    if not isinstance(told, str):
        raise TypeError
    return told


def _count(told: Any) -> int:
    if not isinstance(told, int) or isinstance(told, bool) or not 0 <= told < _LARGEST:
        raise TypeError
    return told
