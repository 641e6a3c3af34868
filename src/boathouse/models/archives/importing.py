"""Importing: an archive becomes a version of a model here, with a run of its own, or nothing happens.

The archive is verified to its last byte before anything is made of it. What it says of its own server (evidence,
signatures, who was champion) is kept beside the version and counts for nothing here: gates are asked anew.
"""

import logging
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boathouse.catalog import LineageEdge, LineageNode, NodeKind, Privilege, SecurableKind
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import BoathouseError, Conflict, InvalidInput, NotFound
from boathouse.foundation.ids import new_id
from boathouse.foundation.names import ModelName
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.metastore import Database
from boathouse.models.archives import repository as rows
from boathouse.models.archives.container import Archive
from boathouse.models.archives.facts import facts_of
from boathouse.models.archives.nouns import (
    CARD_MARKDOWN,
    LOCK_FILE,
    MODEL_FOLDER,
    ArchiveDamaged,
    CodeRun,
    Limits,
    RunsCode,
    Signer,
)
from boathouse.models.archives.packing import FACTS
from boathouse.models.archives.run_facts import (
    IMPORTED_ARCHIVE,
    IMPORTED_FROM,
    IMPORTED_SIGNER,
    begin_run,
    fill_run,
    renamed_tags,
)
from boathouse.models.archives.running_code import runs_code
from boathouse.models.archives.trust import Trust
from boathouse.models.artifact_addresses import artifact_path
from boathouse.models.authority import with_authority
from boathouse.models.runs import LOCK_ARTIFACT, RESERVED_PREFIX, USER_TAG
from boathouse.models.version_files import files_below

if TYPE_CHECKING:
    from boathouse.models.parts import ModelParts

log = logging.getLogger(__name__)
Json = dict[str, Any]
KIND = SecurableKind.REGISTERED_MODEL
ORIGIN_CARD = "origin/card.md"
"""Where the run keeps the card as it was on the other server."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A version that came in."""

    model: str
    version: int
    run_id: str
    origin_model: str
    origin_version: int
    signer: Signer
    manifest_sha256: str
    runs_code: tuple[CodeRun, ...]


class Imports:
    """The verb that lets versions in."""

    def __init__(
        self,
        parts: "ModelParts",
        database: Database,
        clock: Clock,
        trust: Trust,
        folder: Path,
        limits: Limits | None = None,
    ) -> None:
        self._parts = parts
        self._database = database
        self._clock = clock
        self._trust = trust
        self._folder = folder
        self.limits = limits or Limits()
        self._since = epoch_ms(clock.now())

    def take_in(
        self, principal: Principal, file: Path, name: ModelName, *, allow_pickle: bool = False, starts_job: bool = False
    ) -> Imported:
        """Make a version of what an archive holds; the model too, if there is none of the name.

        Args:
            allow_pickle: Take a model that runs code of its maker when it is loaded; administrators only.
            starts_job: Whether the model's deployment job looks at the version at once.

        Raises:
            ArchiveDamaged: It is not what was signed, or no archive.
            UnknownSigner: Its signer is not trusted here.
            RunsCode: Loading it would run code, and that was not allowed.
            Denied: The principal may make no version of this model.
        """
        with self._parts.catalog.audit.verb(principal, "models", "importModelVersion", KIND, str(name)) as opened:
            is_new = self.require_may(principal, name)
            with file.open("rb") as content, ExitStack() as undo:
                archive = Archive(content, self.limits)
                opened.params.update(archive=archive.sha256, signer=archive.fingerprint)
                signer = self._trust.require(archive.signature.public_key)
                archive.verify()
                model = self._unpacked(archive, undo)
                code = self._require_code(principal, model, allow_pickle=allow_pickle)
                facts = facts_of(archive)
                made = self._make(principal, name, archive, model, facts, undo, is_new=is_new, starts_job=starts_job)
                undo.pop_all()
                shutil.rmtree(model.parent, ignore_errors=True)
            opened.params["version"] = str(made.version)
        origin = archive.manifest
        return Imported(
            str(name), made.version, made.run_id, origin.model, origin.version, signer, archive.sha256, code
        )

    def incoming(self) -> Path:
        """A file to receive an archive into; whoever asks deletes it."""
        folder = self._staging()
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".tar", delete=False) as made:
            return Path(made.name)

    def settle(self) -> None:
        """Take away what imports that an earlier process began have left behind."""
        for each in rows.imports(self._database):
            if each.ended_at is None and each.begun_at < self._since:
                log.info("The import of %s, begun by %s, was cut short; it is taken back", each.model, each.principal)
                try:
                    self._take_back(each.import_id, each.made)
                except (BoathouseError, OSError):  # it is tried again at the next start; the others go on
                    log.exception("The import of %s could not be taken back", each.model)
        for left in self._staging().iterdir():
            if left.stat().st_mtime * 1000 < self._since:
                shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)

    def require_may(self, principal: Principal, name: ModelName) -> bool:
        """Whether the model has to be made first.

        Raises:
            Denied: The principal may make no version of this model.
        """
        try:
            self._parts.catalog.securables.get(with_authority(principal), KIND, str(name))
        except NotFound:
            self._parts.registry.require_create(principal, name)
            return True
        self._parts.catalog.grants.require(principal, Privilege.CREATE_MODEL_VERSION, KIND, str(name))
        return False

    # --- steps

    def _unpacked(self, archive: Archive, undo: ExitStack) -> Path:
        """The model's files in a folder of their own, beside the artifacts so that they need not be copied again."""
        free = shutil.disk_usage(self._staging()).free
        if archive.manifest.total_bytes > free:
            raise Conflict(
                f"The archive holds {archive.manifest.total_bytes:,} bytes, and {free:,} are free.",
                hint="Make room for it first.",
            )
        staged = Path(tempfile.mkdtemp(dir=self._staging()))
        undo.callback(shutil.rmtree, staged, ignore_errors=True)
        model = staged / "model"
        model.mkdir()
        if not archive.unpack(model, MODEL_FOLDER):
            raise ArchiveDamaged("The archive holds no model.")
        return model

    def _require_code(self, principal: Principal, model: Path, *, allow_pickle: bool) -> tuple[CodeRun, ...]:
        """What loading the model runs, looked at here: the archive's own word is not asked."""
        code = runs_code(files_below(model))
        if not code:
            return ()
        if not allow_pickle:
            told = "; ".join(f"{each.path} {each.why}" for each in code[:5])
            raise RunsCode(
                f"Loading this model runs code that the archive brings along: {told}.",
                hint="If its maker is to be trusted with that, an administrator imports it with --allow-pickle.",
            )
        if not principal.is_admin:
            raise RunsCode(
                "Only administrators may import a model that runs code of its maker when it is loaded.",
                hint="Ask one of them, or log the model in a format that needs no pickle.",
            )
        return code

    def _make(
        self,
        principal: Principal,
        name: ModelName,
        archive: Archive,
        model: Path,
        facts: Mapping[str, Json],
        undo: ExitStack,
        *,
        is_new: bool,
        starts_job: bool,
    ) -> "_Made":
        origin = archive.manifest
        import_id = new_id()
        begun = rows.Import(
            import_id,
            str(name),
            origin.model,
            origin.version,
            archive.fingerprint,
            archive.sha256,
            principal.name,
            epoch_ms(self._clock.now()),
            told={key: facts[key] for key in FACTS if key in facts and key != "run"},
        )
        with self._database.write() as connection:
            rows.begin_import(connection, begun)
        made: dict[str, str] = {}
        undo.callback(self._take_back, import_id, made)
        tags = {
            USER_TAG: principal.name,
            f"{RESERVED_PREFIX}principal": principal.name,
            IMPORTED_FROM: f"{origin.model}@{origin.version}",
            IMPORTED_SIGNER: archive.fingerprint,
            IMPORTED_ARCHIVE: archive.sha256,
        }
        experiment = self._parts.experiments.create(with_authority(principal), f"/imported/{name}")
        run = facts.get("run") or _NO_RUN
        run_id = made["run_id"] = begin_run(self._parts.stores, experiment, run, tags)
        self._note(import_id, made)
        fill_run(self._parts.stores, run_id, run, tags)
        self._put_beside(run_id, archive)
        model_id = made["model_id"] = self._logged_model(experiment, run_id, model, tags)
        self._note(import_id, made)
        if is_new:
            comment = facts.get("version", {}).get("model_comment")
            self._parts.registry.create(principal, name, comment=comment if isinstance(comment, str) else None)
            made["new_model"] = str(name)
            self._note(import_id, made)
        number = self._version(principal, name, run_id, model_id, facts, tags, starts_job=starts_job)
        with self._database.write() as connection:
            rows.end_import(connection, import_id, number, epoch_ms(self._clock.now()))
        archived = LineageNode(NodeKind.PATH, f"archive:{archive.sha256}")
        node = LineageNode(NodeKind.MODEL_VERSION, str(name), number)
        self._parts.catalog.lineage.record(with_authority(principal), [LineageEdge(archived, node, "IMPORTED")])
        return _Made(number, run_id)

    def _put_beside(self, run_id: str, archive: Archive) -> None:
        """The lock and the card of the other server, as artifacts of the run."""
        root = self._root_of_run(run_id)
        for path, content in archive.read_all([LOCK_FILE, CARD_MARKDOWN]).items():
            file = root / (LOCK_ARTIFACT if path == LOCK_FILE else ORIGIN_CARD)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)

    def _logged_model(self, experiment: str, run_id: str, model: Path, tags: Mapping[str, str]) -> str:
        from mlflow.entities import LoggedModelOutput, LoggedModelStatus, LoggedModelTag

        stores = self._parts.stores
        given = [LoggedModelTag(key, value) for key, value in tags.items()]
        found = stores.call(lambda: stores.tracking.create_logged_model(experiment, "model", run_id, given))
        place = self._parts.files.below(artifact_path(found.artifact_location) or "")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(model, place)
        model_id = str(found.model_id)
        stores.call(lambda: stores.tracking.finalize_logged_model(model_id, LoggedModelStatus.READY))
        stores.call(lambda: stores.tracking.log_outputs(run_id, [LoggedModelOutput(model_id, 0)]))
        return model_id

    def _version(
        self,
        principal: Principal,
        name: ModelName,
        run_id: str,
        model_id: str,
        facts: Mapping[str, Json],
        tags: Mapping[str, str],
        *,
        starts_job: bool,
    ) -> int:
        from mlflow.entities.model_registry import ModelVersionTag

        told = facts.get("version", {})
        foreign = told.get("tags")
        kept = renamed_tags(foreign if isinstance(foreign, dict) else {})
        given = [ModelVersionTag(key, str(value)) for key, value in {**kept, **tags}.items() if key != USER_TAG]
        comment = told.get("comment")
        stores = self._parts.stores
        make = stores.registry.create_model_version
        # its place, not its id: MLflow's store would ask for that id at the address that clients are set up with
        source = str(stores.logged_model(model_id).artifact_location)
        version = self._parts.registry.creating_version(
            principal,
            name,
            lambda: stores.call(
                lambda: make(
                    str(name),
                    source,
                    run_id,
                    given,
                    description=comment if isinstance(comment, str) else None,
                    model_id=model_id,
                )
            ),
            lambda made: int(made.version),
            starts_job=starts_job,
        )
        number = int(version.version)
        stores.call(lambda: stores.tracking.set_model_versions_tags(str(name), number, model_id))
        return number

    def _note(self, import_id: str, made: Mapping[str, str]) -> None:
        with self._database.write() as connection:
            rows.note_made(connection, import_id, made)

    def _take_back(self, import_id: str, made: Mapping[str, str]) -> None:
        """Undo what was made so far. A version that was made after all keeps everything."""
        stores = self._parts.stores
        run_id, model_id = made.get("run_id"), made.get("model_id")
        if model_id and (known := self._version_of(model_id)) is not None:
            with self._database.write() as connection:
                rows.end_import(connection, import_id, known, epoch_ms(self._clock.now()))
            return
        with suppress(BoathouseError):
            if model_id:
                place = artifact_path(stores.logged_model(model_id).artifact_location)
                shutil.rmtree(self._parts.files.below(place or "nowhere"), ignore_errors=True)
                stores.call(lambda: stores.tracking.delete_logged_model(model_id))
        with suppress(BoathouseError):
            if run_id:
                shutil.rmtree(self._root_of_run(run_id), ignore_errors=True)
                stores.call(lambda: stores.tracking.delete_run(run_id))
        if (new_model := made.get("new_model")) and not self._parts.repository.versions_of(new_model):
            with suppress(BoathouseError):
                self._parts.registry.delete(SYSTEM, ModelName.parse(new_model))
        with self._database.write() as connection:
            rows.drop_import(connection, import_id)

    def _version_of(self, model_id: str) -> int | None:
        try:
            place = artifact_path(self._parts.stores.logged_model(model_id).artifact_location)
        except NotFound:
            return None
        found = self._parts.repository.versions_at([place] if place else [])
        return next((version for _, version in found), None)

    def _root_of_run(self, run_id: str) -> Path:
        stores = self._parts.stores
        root = artifact_path(stores.call(lambda: stores.tracking.get_run(run_id)).info.artifact_uri)
        if not root:
            raise InvalidInput(f"The artifacts of run {run_id} do not lie below the artifact folder.")
        return self._parts.files.below(root)

    def _staging(self) -> Path:
        folder = self._folder / ".incoming"
        folder.mkdir(parents=True, exist_ok=True)
        return folder


@dataclass(frozen=True, slots=True)
class _Made:
    version: int
    run_id: str


_NO_RUN: Json = {"parameters": {}, "metrics": {}, "tags": {}, "status": "FINISHED"}
