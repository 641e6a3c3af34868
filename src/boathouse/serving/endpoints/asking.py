"""Which endpoints ask a version of a model, so that nobody takes it away from under them."""

from collections.abc import Iterator

from boathouse.foundation.errors import Conflict
from boathouse.foundation.names import ModelName
from boathouse.metastore import Database
from boathouse.serving.endpoints import repository as rows

_MOST_NAMED = 5


class Served(Conflict):
    """An endpoint asks what was to go."""


def endpoints_asking(database: Database, model: str, version: int | None = None) -> Iterator[tuple[str, str]]:
    """The endpoints that may ask a version, or any version of a model, by name, and how they come to it."""
    with database.read() as connection:
        for endpoint in rows.every(connection):
            standing = rows.standing(connection, endpoint.endpoint_id)
            asked = [each for each in standing.entities if each.entity == model] if standing is not None else []
            if version is not None:
                asked = [each for each in asked if each.version == version]
            routed = {route.entity_id for route in standing.routes} if standing is not None else set[str]()
            if any(each.entity_id in routed for each in asked):
                yield endpoint.name, "answers by it"
            elif asked:
                yield endpoint.name, "falls back to it, or lets it watch"
            elif any(
                each.entity == model and each.version is not None and version in (None, each.version)
                for each in endpoint.config.entities
            ):
                yield endpoint.name, "names it"


def require_unasked(database: Database, model: ModelName, version: int | None = None) -> None:
    """
    Raises:
        Served: An endpoint asks the version, or a version of the model.
    """
    found = [name for name, _ in endpoints_asking(database, str(model), version)]
    if found:
        what = str(model) if version is None else f"Version {version} of {model}"
        more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
        raise Served(
            f"{what} cannot be deleted or renamed while endpoints ask it: {', '.join(found[:_MOST_NAMED])}{more}.",
            hint="Let them serve something else first: boathouse endpoint update, or boathouse endpoint delete.",
        )
