"""What the models of a bundle have to meet. A deployment makes a revision; the history is kept when it leaves."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from boathouse.bundles.payloads import ModelRequirementsPayload
from boathouse.bundles.resources.kind import Existing, Origin, Payload
from boathouse.bundles.substitution import pending_in
from boathouse.foundation.errors import Denied, NotFound
from boathouse.foundation.names import ModelName, TableName
from boathouse.foundation.principals import Principal
from boathouse.foundation.shapes import fit
from boathouse.models.gates.checking import problems_with_columns
from boathouse.models.requirements import Source
from boathouse.models.requirements.repository import document_of

if TYPE_CHECKING:
    from boathouse.catalog import Catalog
    from boathouse.models import Models
    from boathouse.models.requirements import Requirements


class ModelRequirements:
    """The verbs on requirements; their id is the full name of their model."""

    def __init__(self, catalog: "Catalog", models: "Models") -> None:
        self._catalog = catalog
        self._book = models.requirements

    def remarks(self, principal: Principal, payload: Payload) -> Iterator[str]:
        """An evaluation table or columns of it that are not there: a job of the bundle may still make them."""
        if pending_in(dict(payload)):
            return
        said = _read(payload)
        table = said.requirements.evaluation.table
        try:
            found = self._catalog.securables.table(principal, TableName.parse(table))
        except (NotFound, Denied):
            yield f"evaluation.table: there is no table {table} that you may read. No version can be judged without it."
            return
        for problem in problems_with_columns(said.requirements, [column.name for column in found.columns]):
            yield f"{problem} No version can be judged before it has."

    def find(self, principal: Principal, payload: Payload) -> Existing | None:
        if not pending_in(dict(payload)):
            said = _read(payload)
            self._book.require_valid(said.model, said.requirements, said.card_text)
        return self.get(principal, str(payload["model"]), payload)

    def get(self, principal: Principal, resource_id: str, payload: Payload) -> Existing | None:
        try:
            held = self._book.get(principal, ModelName.parse(resource_id))
        except NotFound:
            return None
        return Existing(held.model, held.model, _fields(held.requirements, held.card_text))

    def wanted(self, payload: Payload, before: Payload, origin: Origin) -> Mapping[str, Any]:
        said = _read(payload)
        self._book.require_valid(said.model, said.requirements, said.card_text)
        return _fields(said.requirements, said.card_text)

    def create(self, principal: Principal, payload: Payload, origin: Origin) -> str:
        said = _read(payload)
        source = Source(
            origin.bundle,
            origin.target,
            origin.deployment_id,
            origin.git.commit,
            origin.git.branch,
            origin.git.dirty,
        )
        model = ModelName.parse(said.model)
        self._book.put(principal, model, said.requirements, card_text=said.card_text, source=source)
        return str(model)

    def update(
        self, principal: Principal, existing: Existing, payload: Payload, before: Payload, origin: Origin
    ) -> None:
        self.create(principal, payload, origin)

    def delete(self, principal: Principal, existing: Existing, *, with_data: bool) -> None:
        self._book.withdraw(principal, ModelName.parse(existing.resource_id))

    def data_in(self, principal: Principal, existing: Existing, going: frozenset[str]) -> str | None:
        return None

    def require_manage(self, principal: Principal, existing: Existing) -> None:
        self._book.require_manage(principal, ModelName.parse(existing.resource_id))

    def made_by(self, principal: Principal, payload: Payload, deployment_id: str) -> str | None:
        found = self.find(principal, payload)
        return found.resource_id if found else None


def _read(payload: Payload) -> ModelRequirementsPayload:
    return fit(ModelRequirementsPayload, dict(payload), what=f"The requirements of {payload.get('model')}")


def _fields(requirements: "Requirements", card_text: str | None) -> dict[str, Any]:
    return {"requirements": document_of(requirements), "card_text": card_text}
