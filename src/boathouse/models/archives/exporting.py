"""Exporting: one version, as much as the principal may know of it, in one signed file."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from boathouse.catalog import Privilege, SecurableKind
from boathouse.foundation.names import ModelName
from boathouse.foundation.principals import Principal
from boathouse.models.archives.keys import HomeKey
from boathouse.models.archives.packing import Packed, pack
from boathouse.models.archives.run_facts import run_json
from boathouse.models.cards import Cards

if TYPE_CHECKING:
    from boathouse.models.parts import ModelParts

KIND = SecurableKind.REGISTERED_MODEL


class Exports:
    """The verb that lets versions out."""

    def __init__(self, parts: "ModelParts", cards: Cards, key: HomeKey) -> None:
        self._parts = parts
        self._cards = cards
        self._key = key

    def export(self, principal: Principal, name: ModelName, version: int) -> tuple[Packed, Iterator[bytes]]:
        """The archive of a version: what it holds, and its bytes as they are read.

        Raises:
            NotFound: There is no such version, or its files lie elsewhere.
            Denied: The principal may not read the model, or the experiment of its run.
        """
        params = {"version": version}
        with self._parts.catalog.audit.verb(principal, "models", "exportModelVersion", KIND, str(name), params):
            packed = self.pack(principal, name, version)
        return packed, packed.chunks()

    def pack(self, principal: Principal, name: ModelName, version: int) -> Packed:
        """The same, for a verb that writes its own record."""
        facts = self._cards.facts(principal, name, version, leaves=True)
        folder = self._parts.files.folder(str(name), version)
        run_id = facts.version.run_id
        if run_id is None:
            return pack(facts, folder, None, None, self._key)
        experiment = self._parts.stores.experiment_of_run(run_id)
        self._parts.catalog.grants.require(principal, Privilege.READ_EXPERIMENT, SecurableKind.EXPERIMENT, experiment)
        lock, run = self._parts.files.lock_of_run(run_id), run_json(self._parts.stores, run_id)
        return pack(facts, folder, lock, run, self._key)
