"""What should exist: the message in which the client tells the server the outcome of reading a bundle."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Self, cast

from boathouse.bundles.git import GitFacts
from boathouse.bundles.kinds import KINDS
from boathouse.bundles.substitution import pending_in
from boathouse.foundation.errors import InvalidInput

MAX_NAME = 100


def require_plain_name(name: str, what: str) -> None:
    """A bundle's or target's name becomes part of paths.

    Raises:
        InvalidInput: It cannot.
    """
    if not name or name != name.strip() or name.startswith(".") or any(sign in name for sign in '/\\:*?"<>|\0\n'):
        raise InvalidInput(f"{name!r} cannot be the name of a {what}: it becomes part of a path.")
    if len(name) > MAX_NAME:
        raise InvalidInput(f"The name of a {what} has at most {MAX_NAME} characters; {name[:20]!r}... has {len(name)}.")


@dataclass(frozen=True, slots=True, order=True)
class ResourceId:
    """A resource as the bundle calls it: ``jobs.train``."""

    section: str
    key: str

    def __str__(self) -> str:
        return f"{self.section}.{self.key}"


@dataclass(frozen=True, slots=True)
class DesiredResource:
    """One resource; its payload is a template in which only what the server knows is still a reference."""

    id: ResourceId
    payload: dict[str, Any]
    position: str = ""
    """``resources/jobs.yml:3``: for messages."""

    def needs(self) -> frozenset[ResourceId]:
        """The resources whose ids it refers to."""
        paths = (path.split(".") for path in pending_in(self.payload))
        return frozenset(ResourceId(parts[1], parts[2]) for parts in paths if parts[0] == "resources")


@dataclass(frozen=True, slots=True)
class Place:
    """Which deployment this is about: a bundle's target; in development each user has their own."""

    bundle: str
    target: str
    personal: bool = False

    def __post_init__(self) -> None:
        require_plain_name(self.bundle, "bundle")
        require_plain_name(self.target, "target")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(str(data["bundle"]), str(data["target"]), bool(data.get("personal", False)))


@dataclass(frozen=True, slots=True)
class DesiredState:
    """Everything that a deployment should bring about."""

    place: Place
    resources: tuple[DesiredResource, ...]
    git: GitFacts = field(default_factory=GitFacts)
    snapshot: str | None = None
    """The hash of the code's files."""
    lock: bool = True
    """Whether a second deployment at the same time is refused; otherwise it waits."""
    delete_data: tuple[str, ...] = ()
    """Names of things that may be deleted although they hold data."""

    def to_json(self) -> dict[str, Any]:
        return {
            "place": self.place.to_json(),
            "resources": [
                {"section": one.id.section, "key": one.id.key, "payload": one.payload, "position": one.position}
                for one in self.resources
            ],
            "git": self.git.to_json(),
            "snapshot": self.snapshot,
            "lock": self.lock,
            "delete_data": list(self.delete_data),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(
            Place.from_json(data["place"]),
            tuple(_resource(one) for one in data["resources"]),
            GitFacts.from_json(data.get("git") or {}),
            data.get("snapshot"),
            bool(data.get("lock", True)),
            tuple(data.get("delete_data") or ()),
        )


def _resource(data: dict[str, Any]) -> DesiredResource:
    section = str(data["section"])
    if section not in KINDS:
        raise InvalidInput(f"There is no kind of resource {section!r}.", hint=f"There are: {', '.join(KINDS)}.")
    payload = cast(dict[str, Any], data["payload"])
    return DesiredResource(ResourceId(section, str(data["key"])), payload, str(data.get("position", "")))


class ResourceCircle(InvalidInput):
    """Resources that need one another's ids in a circle."""

    def __init__(self, circle: list[ResourceId]) -> None:
        self.circle = circle
        way = " → ".join(str(one) for one in circle)
        super().__init__(f"The resources need each other's ids in a circle: {way}.")


def in_order(resources: tuple[DesiredResource, ...]) -> list[DesiredResource]:
    """The resources in the order in which they can be made: what is needed first, then by kind.

    Raises:
        ResourceCircle: They cannot be ordered.
    """
    by_id = {resource.id: resource for resource in resources}
    done: dict[ResourceId, DesiredResource] = {}

    def visit(resource: DesiredResource, way: tuple[ResourceId, ...]) -> Iterator[DesiredResource]:
        if resource.id in done:
            return
        if resource.id in way:
            raise ResourceCircle([*way[way.index(resource.id) :], resource.id])
        for needed in sorted(resource.needs() & set(by_id)):
            yield from visit(by_id[needed], (*way, resource.id))
        done[resource.id] = resource
        yield resource

    ordered: list[DesiredResource] = []
    for resource in sorted(resources, key=lambda one: KINDS[one.id.section].order):
        ordered.extend(visit(resource, ()))
    return ordered
