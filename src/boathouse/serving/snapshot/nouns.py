"""The snapshot: everything resolved, so that answering asks nobody."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from boathouse.serving.endpoints.nouns import CaptureTarget, EntityKind
from boathouse.serving.endpoints.policy import EndpointPolicy


@dataclass(frozen=True, slots=True)
class LiveEntity:
    """One model version, or one feature spec, that answers."""

    entity_id: str
    """The same for the same name, version and configuration; what inference tables call ``served_entity_id``."""
    name: str
    """Of the served entity; a canary and what it replaces share it."""
    kind: EntityKind
    entity: str
    version: int | None
    folder: str | None
    """Where the model's files lie; of a feature spec None."""
    spec: str | None = None
    """Of a feature spec: its text (``features.specs.spec_files``)."""
    baseline_folder: str | None = None
    """A model named ``baseline`` of the same run."""


@dataclass(frozen=True, slots=True)
class LiveRoute:
    """A share of the traffic. Routes of one endpoint sum to 100."""

    entity_id: str
    percent: float
    role: str = "primary"
    """``primary``, ``canary``, ``control`` or ``treatment``: how the answer came to be given by this one."""


@dataclass(frozen=True, slots=True)
class LiveShadow:
    entity_id: str
    percent: float


@dataclass(frozen=True, slots=True)
class LiveRung:
    """One rung below the routed version."""

    kind: str
    """As in the policy."""
    entity_id: str | None = None
    """Of ``previous``, ``version`` and ``baseline`` (then ``baseline_folder`` of that entity)."""
    function: Mapping[str, object] | None = None
    """Of ``rules``: name, parameters with types, language and body, as the catalog has them."""
    value: object = None


@dataclass(frozen=True, slots=True)
class OnlineFeatures:
    """Where the features of an entity are read, as far as the control plane knows it: ``features.online.opening`` opens
    each from this alone."""

    tables: Mapping[str, Mapping[str, object]]
    """By feature table: ``store`` (``name``, ``kind``, ``url`` with the password in its place), ``online_table``, and
    ``freshness_seconds``, which may be missing or None. A table that is not published is not here."""
    functions: Mapping[str, Mapping[str, object]] = field(default_factory=dict[str, Mapping[str, object]])
    """On-demand functions by full name, as ``catalog.definitions.function_json`` gives them."""


@dataclass(frozen=True, slots=True)
class LiveEndpoint:
    """One endpoint, ready to answer or saying why not."""

    endpoint_id: str
    name: str
    config_version: int
    entities: tuple[LiveEntity, ...]
    """All that are named below, once each."""
    routes: tuple[LiveRoute, ...]
    """Empty: not ready; ``why`` says what is missing."""
    callers: frozenset[str]
    """Names of principals and groups with the right to ask it (EXECUTE or MANAGE); admins always may."""
    policy: EndpointPolicy
    why: str | None = None
    shadows: tuple[LiveShadow, ...] = ()
    ladder: tuple[LiveRung, ...] = ()
    features: Mapping[str, OnlineFeatures] = field(default_factory=dict[str, OnlineFeatures])
    """By entity id."""
    capture: CaptureTarget | None = None
    masked_columns: frozenset[str] = frozenset()
    """By name and by tag."""
    tagged_share: float = 1.0
    """Of the requests so many may be kept, because of the tags of what comes in them; the policy's own share holds
    too."""
    owner: str = ""
    """With whose rights its inference tables are written."""


@dataclass(frozen=True, slots=True)
class KnownToken:
    """What a token stands for."""

    principal: str
    identities: frozenset[str]
    """Every name under which a right reaches the principal."""
    is_admin: bool
    expires_at: int | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the data plane answers by."""

    generation: int
    """Ascending; another content has another one."""
    written_at: int
    endpoints: tuple[LiveEndpoint, ...]
    tokens: Mapping[str, KnownToken]
    """By SHA-256 of the secret, in hex. What is not here is not valid."""
    anyone: KnownToken | None = None
    """Who asks without a token, on a device that listens to itself only; None: nobody may."""
