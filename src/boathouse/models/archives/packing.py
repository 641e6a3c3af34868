"""What goes into an archive: the files of the model, and all that is known of it, as JSON and as a card."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from boathouse.foundation.errors import Conflict
from boathouse.models.archives.container import Source, entry_of, stream
from boathouse.models.archives.keys import HomeKey
from boathouse.models.archives.manifest import canonical, manifest_bytes, wrong_with
from boathouse.models.archives.nouns import (
    CARD_HTML,
    CARD_MARKDOWN,
    FACTS_FOLDER,
    LOCK_FILE,
    MODEL_FOLDER,
    CodeRun,
    Entry,
    Manifest,
    Signature,
)
from boathouse.models.archives.running_code import runs_code
from boathouse.models.cards import CardFacts, as_html, as_markdown
from boathouse.models.evidence.wire import all_evidence_json
from boathouse.models.version_files import files_below

Json = dict[str, Any]
FACTS = ("version", "run", "requirements", "evidence", "approvals", "history", "lineage")


@dataclass(frozen=True, slots=True)
class Packed:
    """An archive that is ready to be written."""

    manifest: Manifest
    signature: Signature
    sources: dict[str, Source]

    @property
    def sha256(self) -> str:
        """Of the manifest: it stands for the whole contents."""
        return sha256(manifest_bytes(self.manifest)).hexdigest()

    def chunks(self) -> Iterator[bytes]:
        """Its bytes, in order."""
        return stream(self.manifest, self.signature, self.sources)


def pack(facts: CardFacts, folder: Path, lock: Path | None, run: Json | None, key: HomeKey) -> Packed:
    """Collect, hash and sign.

    Raises:
        Conflict: A file of the model has a name that no archive takes.
    """
    files = list(files_below(folder))
    sources: dict[str, Source] = {f"{MODEL_FOLDER}{path}": file for path, file in files}
    if lock is not None:
        sources[LOCK_FILE] = lock
    for name, told in facts_json(facts, run).items():
        sources[f"{FACTS_FOLDER}{name}.json"] = canonical(told)
    sources[CARD_MARKDOWN] = as_markdown(facts).encode()
    sources[CARD_HTML] = as_html(facts).encode()
    for path in sources:
        if (why := wrong_with(path)) is not None:
            told = f"The model's file {path!r} cannot be archived: its path {why}."
            raise Conflict(told, hint="Log the model again, with another name for it.")
    entries = tuple(entry_of(path, sources[path]) for path in sorted(sources))
    manifest = manifest_of(facts, entries, tuple(_in_model(each) for each in runs_code(files)))
    signature = Signature(key.public_key, key.sign(manifest_bytes(manifest)))
    return Packed(manifest, signature, sources)


def manifest_of(facts: CardFacts, entries: tuple[Entry, ...], code: tuple[CodeRun, ...]) -> Manifest:
    told: Json = {
        "aliases": sorted(facts.version.aliases),
        "flavours": list(facts.contents.flavours) if facts.contents else [],
        "objective": facts.requirements.objective if facts.requirements else None,
        "requirements_revision": facts.requirements_revision,
        "run_id": facts.version.run_id,
    }
    return Manifest(facts.model.name, facts.version.version, entries, code, told)


def facts_json(facts: CardFacts, run: Json | None) -> dict[str, Json]:
    """The facts by the names of their files; those that are not known are left out."""
    found: dict[str, Json | None] = {
        "version": {
            "model": facts.model.name,
            "model_comment": facts.model.comment,
            "version": facts.version.version,
            "comment": facts.version.comment,
            "tags": facts.version.tags,
            "aliases": sorted(facts.version.aliases),
            "created_at": facts.version.created_at,
            "author": facts.author,
        },
        "run": run,
        "requirements": None
        if facts.requirements is None
        else {
            "revision": facts.requirements_revision,
            "requirements": facts.requirements.model_dump(mode="json"),
            "card": facts.free_text,
        },
        "evidence": all_evidence_json(facts.evidence),
        "approvals": {"approvals": _plain(facts.approvals)},
        "history": {"moves": _plain(facts.history)},
        "lineage": {
            "data": _plain(facts.data),
            "features": _plain(facts.features),
            "upstream": _plain(facts.upstream),
        },
    }
    return {name: told for name, told in found.items() if told is not None}


def _plain(records: Sequence[Any]) -> list[Json]:
    return [{key: _value(value) for key, value in asdict(record).items()} for record in records]


def _value(value: Any) -> Any:
    return list(value) if isinstance(value, tuple | frozenset) else value


def _in_model(code: CodeRun) -> CodeRun:
    return CodeRun(f"{MODEL_FOLDER}{code.path}", code.why)
