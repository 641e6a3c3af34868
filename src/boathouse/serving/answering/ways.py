"""One way through an endpoint: a route, and everything that is needed to answer by it, found beforehand."""

from typing import Any

from boathouse.serving.answering.loaded import Loaded
from boathouse.serving.fallback.breaker import Breaker
from boathouse.serving.scoring.nouns import Payload
from boathouse.serving.snapshot.nouns import LiveEndpoint, LiveRoute
from boathouse.serving.telemetry.counters import Counters
from boathouse.serving.telemetry.nouns import Series

FAST_ROWS = 512
"""More rows than this are not answered in the event loop, however fast the model is: others wait there."""


class Way:
    """Compiled once for each snapshot that changes the endpoint."""

    __slots__ = (
        "_has_fast_features",
        "_stack",
        "breaker",
        "counter",
        "entity",
        "features",
        "headers",
        "role",
        "scorer",
        "shown",
    )  # fmt: skip

    def __init__(self, endpoint: LiveEndpoint, route: LiveRoute, loaded: Loaded, counters: Counters) -> None:
        entity = loaded.entity
        self.entity = entity
        self.role = route.role
        self.scorer = loaded.scorer
        self.features = loaded.features
        self.counter = counters.of(Series(endpoint.endpoint_id, entity.entity_id, route.role))
        self.breaker = Breaker() if endpoint.ladder else None
        self.shown = entity.entity if entity.version is None else f"{entity.entity}@{entity.version}"
        self.headers = [("x-served-by", self.shown), ("served-model-name", entity.name)]
        self._has_fast_features = loaded.features is None or loaded.features.is_fast
        self._stack = None if loaded.scorer is None else loaded.stack()

    @property
    def is_fast(self) -> bool:
        """Asked each time: a model may become fast once it is proven to answer in this process."""
        return self._has_fast_features and (self.scorer is None or self.scorer.is_fast)

    def predict(self, arrays: Any, payload: Payload) -> Any:
        """In a thread, beside others who wait for the same model."""
        assert self._stack is not None
        return self._stack.predict(arrays, payload.params, payload.rows)
