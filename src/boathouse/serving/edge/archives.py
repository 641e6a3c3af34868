"""From a signed archive to a folder of a model on the device: every byte compared, nothing loaded before."""

import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.home import Home
from boathouse.models.archives import Archive, RunsCode, UnknownSigner
from boathouse.models.archives.nouns import LOCK_FILE, MODEL_FOLDER
from boathouse.models.archives.running_code import runs_code

_MODELS = "models"
_SIGNER = "signer"


@dataclass(frozen=True, slots=True)
class EdgeModel:
    """A version that a device can answer with."""

    name: str
    version: int
    folder: Path
    fingerprint: str
    """Of who has signed the archive."""


def unpacked(file: Path, home: Home, *, signer: str | None = None, allow_pickle: bool = False) -> EdgeModel:
    """The version in an archive. The first archive says whose are taken from then on, unless ``signer`` does.

    Args:
        signer: The fingerprint that has to be that of the archive.
        allow_pickle: Take a model that runs code of its maker when it is loaded.

    Raises:
        ArchiveDamaged: It is no archive, or not the one that was signed.
        UnknownSigner: Somebody else has signed it.
        RunsCode: It runs code, and that was not allowed.
    """
    with file.open("rb") as content:
        archive = Archive(content)
        archive.verify()
        _require_signer(home, archive.fingerprint, signer)
        folder = home.serving / _MODELS / archive.sha256
        if not folder.is_dir():
            _unpack(archive, folder)
        model = EdgeModel(archive.manifest.model, archive.manifest.version, folder / "model", archive.fingerprint)
    files = [(path.relative_to(model.folder).as_posix(), path) for path in model.folder.rglob("*") if path.is_file()]
    if (code := runs_code(files)) and not allow_pickle:
        raise RunsCode(
            f"Loading {model.name}@{model.version} runs code of its maker: {code[0].path} {code[0].why}.",
            hint="If you trust who has signed it, say --allow-pickle.",
        )
    _pin(home, archive.fingerprint)
    return model


def _unpack(archive: Archive, folder: Path) -> None:
    draft = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    (draft / "model").mkdir(parents=True)
    try:
        if not archive.unpack(draft / "model", MODEL_FOLDER):
            raise InvalidInput("The archive holds no files of a model.")
        lock = archive.read_all([LOCK_FILE]).get(LOCK_FILE)
        if lock is not None:
            (draft / "requirements.lock").write_bytes(lock)
        if not folder.is_dir():
            draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _require_signer(home: Home, found: str, wanted: str | None) -> None:
    file = home.serving / _SIGNER
    known = wanted or (file.read_text().strip() if file.is_file() else None)
    if known is not None and found != known:
        raise UnknownSigner(
            f"The archive is signed by {found}; this device takes those of {known}.",
            hint=f"Compare it with what boathouse model trust show says there, then say --signer {found}",
        )


def _pin(home: Home, fingerprint: str) -> None:
    file = home.serving / _SIGNER
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.is_file() or file.read_text().strip() != fingerprint:
        file.write_text(fingerprint + "\n")
