"""Retiring a version: its files go into a signed archive and are removed; evidence, history and card stay.

The archive lies whole in its place before anything is taken away. Whatever kills the process before the version is gone
leaves the version; whatever kills it afterwards leaves files, which the next start removes.
"""

import logging
import re
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from boathouse.catalog import Privilege, SecurableKind
from boathouse.catalog.audit import OpenEvent
from boathouse.catalog.events import EventType, NewEvent
from boathouse.catalog.events.repository import write
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import BoathouseError, InvalidInput, NotFound
from boathouse.foundation.ids import new_id
from boathouse.foundation.names import ModelName
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database
from boathouse.models.archives import Archive
from boathouse.models.archives.exporting import Exports
from boathouse.models.archives.nouns import CARD_HTML, CARD_MARKDOWN
from boathouse.models.retiring import repository as rows
from boathouse.models.retiring.repository import Retirement
from boathouse.models.retiring.uses import InUse, Use, UsesOf
from boathouse.models.version_files import files_below

if TYPE_CHECKING:
    from boathouse.models.parts import ModelParts

log = logging.getLogger(__name__)
KIND = SecurableKind.REGISTERED_MODEL
_MODEL_ID = re.compile(r"m-[0-9a-f]{32}")
_LONGEST_FILE_NAME = 200
"""Bytes of a model's name in its archive's; file systems allow 255 for all of it."""
_LONGEST_REASON = 2000


@dataclass(frozen=True, slots=True)
class Plan:
    """What retiring a version would do."""

    version: int
    files: int
    size_bytes: int
    uses: tuple[Use, ...]


class Retirements:
    """The verbs on retirement."""

    def __init__(
        self,
        parts: "ModelParts",
        database: Database,
        clock: Clock,
        exports: Exports,
        folder: Path,
        uses: Sequence[UsesOf],
    ) -> None:
        self._parts = parts
        self._database = database
        self._clock = clock
        self._exports = exports
        self._folder = folder
        self._uses = (self._aliases, *uses)
        self._since = epoch_ms(clock.now())

    # --- verbs

    def plan(self, principal: Principal, name: ModelName, version: int | None = None) -> list[Plan]:
        """What retiring a version, or all of them, would take away, and who stands in the way.

        Raises:
            NotFound: There is no such version.
            FilesElsewhere: The files of one do not lie on this server.
            Denied: The principal may not manage the model.
        """
        self._parts.catalog.grants.require(principal, Privilege.MANAGE, KIND, str(name))
        return [self._plan(principal, name, each) for each in self._versions(name, version)]

    def retire(
        self, principal: Principal, name: ModelName, version: int | None = None, *, reason: str
    ) -> list[Retirement]:
        """Retire a version, or all that a model has; the model's name stays taken.

        Raises:
            InUse: An alias, an endpoint or a job uses one of them; nothing was retired then.
            InvalidInput: There is no reason.
            Denied: The principal may not manage the model.
        """
        if not reason.strip() or len(reason) > _LONGEST_REASON:
            raise InvalidInput("Retiring needs a reason, in at most 2,000 letters.", hint="Give it with --reason.")
        with self._parts.registry.alone_with(name):
            plans = self.plan(principal, name, version)
            self._require_unused(name, plans)
            return [self._retire(principal, name, each.version, reason.strip()) for each in plans]

    def retired(self, principal: Principal, name: ModelName) -> Sequence[Retirement]:
        """What was retired of a model, newest first."""
        self._parts.catalog.grants.require(principal, Privilege.EXECUTE, KIND, str(name))
        return [each for each in rows.retirements(self._database, str(name)) if each.ended_at is not None]

    def card(self, principal: Principal, name: ModelName, version: int, *, html: bool) -> str:
        """The card of a retired version, as it was when it was retired.

        Raises:
            NotFound: The version was not retired, or its archive has been taken away.
        """
        found = next((each for each in self.retired(principal, name) if each.version == version), None)
        if found is None:
            raise NotFound(f"{name} has no version {version}, and none was retired.")
        if not html:
            return found.card
        try:
            with self.place(found).open("rb") as content:
                page = Archive(content).read_all([CARD_HTML]).get(CARD_HTML, b"")
        except FileNotFoundError as error:
            raise NotFound(f"The archive {found.archive} is gone; the card is there as Markdown.") from error
        return page.decode()

    def place(self, retirement: Retirement) -> Path:
        """Where the archive of a retired version lies."""
        return self._folder / retirement.archive

    def settle(self) -> None:
        """Complete what an earlier process began: a version that is still there stays; of one that is gone, the files
        go."""
        for each in rows.retirements(self._database):
            if each.ended_at is not None or each.begun_at >= self._since:
                continue
            log.info("The retirement of version %d of %s was cut short", each.version, each.model)
            try:
                self._settle(each)
            except (BoathouseError, OSError):  # it is tried again at the next start; the others go on
                log.exception("The retirement of version %d of %s could not be settled", each.version, each.model)

    # --- steps

    def _settle(self, begun: Retirement) -> None:
        if not self._parts.repository.has_version(begun.model, begun.version):
            self._finish(begun, None)
            return
        self.place(begun).unlink(missing_ok=True)
        with self._database.write() as connection:
            rows.drop(connection, begun.retirement_id)

    def _versions(self, name: ModelName, version: int | None) -> list[int]:
        known = sorted(self._parts.repository.versions_of(str(name)))
        if version is None:
            if not known:
                raise NotFound(f"{name} has no versions.")
            return known
        if version not in known:
            raise NotFound(f"{name} has no version {version}.", hint=f"boathouse model show {name} lists them.")
        return [version]

    def _plan(self, principal: Principal, name: ModelName, version: int) -> Plan:
        sizes = [file.stat().st_size for _, file in files_below(self._parts.files.folder(str(name), version))]
        uses = [use for uses_of in self._uses for use in uses_of(principal, str(name), version)]
        return Plan(version, len(sizes), sum(sizes), tuple(uses))

    def _require_unused(self, name: ModelName, plans: Sequence[Plan]) -> None:
        uses = [use for plan in plans for use in plan.uses]
        if uses:
            raise InUse(str(name), uses)

    def _aliases(self, _: Principal, model: str, version: int) -> list[Use]:
        pointing = self._parts.stores.aliases(model)
        return [
            Use(version, f"alias {alias}", "points at it") for alias, at in sorted(pointing.items()) if at == version
        ]

    def _retire(self, principal: Principal, name: ModelName, version: int, reason: str) -> Retirement:
        params = {"version": version, "reason": reason}
        audit = self._parts.catalog.audit
        with audit.verb(principal, "models", "retireModelVersion", KIND, str(name), params) as opened:
            begun = self._archived(principal, name, version, reason)
            with self._database.write() as connection:
                rows.begin(connection, begun)
            stores = self._parts.stores
            drop = stores.registry.delete_model_version
            self._parts.registry.deleting_version(
                principal, name, version, lambda: stores.call(lambda: drop(str(name), str(version)))
            )
            return self._finish(begun, opened)

    def _archived(self, principal: Principal, name: ModelName, version: int, reason: str) -> Retirement:
        """Write the archive under its name, after it was read back whole."""
        packed = self._exports.pack(principal, name, version)
        archive = f"{_as_file_name(name)}-{version}-{packed.sha256[:12]}.tar"
        staging = self._folder / ".incoming"
        staging.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=staging, suffix=".tar", delete=False) as written:
            draft = Path(written.name)
            try:
                for chunk in packed.chunks():
                    written.write(chunk)
                written.flush()
                with draft.open("rb") as content:
                    whole = Archive(content)
                    whole.verify()
                    card = whole.read_all([CARD_MARKDOWN])[CARD_MARKDOWN].decode()
                draft.chmod(0o600)
                draft.rename(self._folder / archive)
            finally:
                draft.unlink(missing_ok=True)
        return Retirement(
            new_id(),
            str(name),
            version,
            reason,
            principal.name,
            epoch_ms(self._clock.now()),
            archive,
            packed.sha256,
            (self._folder / archive).stat().st_size,
            self._parts.files.location(str(name), version) or "",
            self._parts.repository.run_of_version(str(name), version),
            card,
        )

    def _finish(self, begun: Retirement, opened: OpenEvent | None) -> Retirement:
        """The version is gone: remove its files, unless another version lies there too, and tell."""
        if begun.location and not self._is_needed(begun.location):
            shutil.rmtree(self._parts.files.below(begun.location), ignore_errors=True)
            if (found := _MODEL_ID.search(begun.location)) is not None:
                with suppress(BoathouseError):
                    self._parts.stores.call(lambda: self._parts.stores.tracking.delete_logged_model(found[0]))
        now = epoch_ms(self._clock.now())
        data = {"version": begun.version, "reason": begun.reason, "archive_sha256": begun.archive_sha256}
        with self._database.write() as connection:
            rows.end(connection, begun.retirement_id, now)
            write(connection, [NewEvent(EventType.RETIRED, begun.model, begun.principal, data)], now)
            if opened is not None:
                opened.commit_with(connection)
        return replace(begun, ended_at=now)

    def _is_needed(self, location: str) -> bool:
        """Whether a version lies there, inside it, or around it."""
        place = f"{location.strip('/')}/"
        others = (f"{each.strip('/')}/" for each in self._parts.repository.locations_of_versions())
        return any(each.startswith(place) or place.startswith(each) for each in others)


def _as_file_name(name: ModelName) -> str:
    """The model's name, or how it begins: names may be longer than those of files."""
    return str(name).encode()[:_LONGEST_FILE_NAME].decode(errors="ignore")
