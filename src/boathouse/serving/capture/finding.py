"""Which inference tables there are, under the names that they have now."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

from boathouse.catalog import Catalog, SecurableKind
from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.foundation.principals import Principal
from boathouse.serving.capture.layout import TableKind
from boathouse.session import Session

BASE = "/api/boathouse/v1/inference-tables"


@dataclass(frozen=True, slots=True)
class InferenceTable:
    """A table that what an endpoint has answered goes to, or went to under an earlier configuration."""

    endpoint_id: str
    endpoint: str
    kind: str
    target: str
    """As configured: ``catalog.schema.prefix``."""
    table: str
    """Its full name now."""

    @property
    def kind_of_table(self) -> TableKind:
        return TableKind(self.kind)

    def sibling(self, suffix: str) -> str:
        """The name of a table of ours beside it: ``catalog.schema.prefix_suffix``."""
        return f"{self.target}_{suffix}"


def listed(catalog: Catalog, principal: Principal, endpoint: str | None = None) -> list[InferenceTable]:
    """Those of an endpoint, or all, that a principal may know of; the newest first."""
    from boathouse.catalog.repository import securables
    from boathouse.serving.capture import repository

    with catalog.database.read() as connection:
        kept = repository.listed(connection, endpoint)
        living = securables.by_ids(connection, [each.table_id for each in kept])
    names = {id: found.full_name for id, found in living.items()}
    visible = catalog.grants.visible(principal, SecurableKind.TABLE, names.values())
    return [
        InferenceTable(each.endpoint_id, each.endpoint_name, each.kind, each.target, names[each.table_id])
        for each in kept
        if names.get(each.table_id) in visible
    ]


def inference_tables(session: Session, endpoint: str | None = None) -> Sequence[InferenceTable]:
    """As :func:`listed`, for whoever the session acts for."""
    from boathouse.session.remote import RemoteLaw

    if isinstance(session.law, RemoteLaw):
        found = session.law.client.get(BASE, endpoint=endpoint)["inference_tables"]
        return [InferenceTable(**each) for each in cast("list[dict[str, Any]]", found)]
    from boathouse.session.local import LocalLaw

    if isinstance(session.law, LocalLaw):
        return listed(session.law.catalog, session.principal, endpoint)
    raise InvalidInput("This session knows of no inference tables.")


def required(session: Session, endpoint: str | None, kind: TableKind) -> list[InferenceTable]:
    """Those of a kind.

    Raises:
        NotFound: There is none that the session's principal may know of.
    """
    found = [each for each in inference_tables(session, endpoint) if each.kind_of_table is kind]
    if not found:
        whose = f"of endpoint {endpoint}" if endpoint else "of any endpoint"
        raise NotFound(
            f"There is no inference table {whose} that you may know of.",
            hint="It is made some seconds after the first answer, where the endpoint has auto_capture_config.",
        )
    return found


def inference_table_json(table: InferenceTable) -> dict[str, Any]:
    return asdict(table)
