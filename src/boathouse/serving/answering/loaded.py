"""Entities that are loaded in this worker, beside each other: new ones come while old ones answer."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from boathouse.foundation.errors import BoathouseError
from boathouse.serving.answering.features import RequestFeatures
from boathouse.serving.answering.stacking import Stack
from boathouse.serving.endpoints.nouns import EntityKind
from boathouse.serving.endpoints.policy import Limits
from boathouse.serving.scoring.nouns import Scorer, ScoringFailed
from boathouse.serving.snapshot.nouns import LiveEndpoint, LiveEntity, OnlineFeatures

log = logging.getLogger(__name__)


class LoadScorer(Protocol):
    def __call__(self, entity: LiveEntity, limits: Limits) -> Scorer: ...


class OpenFeatures(Protocol):
    def __call__(self, entity: LiveEntity, features: OnlineFeatures | None) -> RequestFeatures | None:
        """What reads the features of an entity; None when it takes none."""
        ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What must be loaded for an entity to answer; another one means loading anew."""

    entity: LiveEntity
    limits: Limits
    features: OnlineFeatures | None
    baseline: bool = False

    @property
    def key(self) -> tuple[object, ...]:
        entity = self.entity
        folder = entity.baseline_folder if self.baseline else entity.folder
        limits = (
            self.limits.deadline_ms, self.limits.memory_mb, self.limits.concurrency, self.limits.stack_requests
        )  # fmt: skip
        return (entity.entity_id, folder, entity.spec, limits, _frozen(self.features), self.baseline)


@dataclass(slots=True)
class Loaded:
    """One entity, ready."""

    entity: LiveEntity
    scorer: Scorer | None
    """None: a feature spec, which has no model."""
    features: RequestFeatures | None = None
    _stack: Stack | None = None

    def stack(self) -> Stack:
        """Where requests for the model gather; one for all endpoints and roles that ask it."""
        if self._stack is None:
            assert self.scorer is not None
            self._stack = Stack(self.scorer, name=self.entity.entity)
        return self._stack

    def close(self) -> None:
        for each in (self.scorer, self.features):
            if each is None:
                continue
            try:
                each.close()
            except Exception:
                log.warning("%s could not be closed.", self.entity.entity, exc_info=True)


def wanted_by(endpoint: LiveEndpoint) -> list[Wanted]:
    """Everything that an endpoint needs: its routes, its shadows, and the models of its ladder."""
    entities = {each.entity_id: each for each in endpoint.entities}
    found: list[Wanted] = []
    for entity_id in dict.fromkeys([*required_ids(endpoint), *(shadow.entity_id for shadow in endpoint.shadows)]):
        if entity_id in entities:
            found.append(Wanted(entities[entity_id], endpoint.policy.limits, endpoint.features.get(entity_id)))
    for rung in endpoint.ladder:
        entity = entities.get(rung.entity_id or "")
        if entity is not None:
            is_baseline = rung.kind == "baseline"
            features = None if is_baseline else endpoint.features.get(entity.entity_id)
            found.append(Wanted(entity, endpoint.policy.limits, features, is_baseline))
    return found


def required_ids(endpoint: LiveEndpoint) -> list[str]:
    """The entities without which the endpoint cannot answer as it is told to."""
    return list(dict.fromkeys(route.entity_id for route in endpoint.routes))


class Library:
    """What is loaded, by what was wanted. Loads in the caller's thread; for one thread."""

    def __init__(
        self, load_scorer: LoadScorer, open_features: OpenFeatures, *, now: Callable[[], float],
        retry_seconds: float = 5,
    ) -> None:  # fmt: skip
        self._load_scorer = load_scorer
        self._open_features = open_features
        self._now = now
        self._retry_seconds = retry_seconds
        self._loaded: dict[tuple[object, ...], Loaded] = {}
        self._failed: dict[tuple[object, ...], tuple[str, float, int]] = {}
        """Why, when it may be tried again, how often it was tried."""

    def get(self, wanted: Wanted) -> Loaded | None:
        return self._loaded.get(wanted.key)

    def why_not(self, wanted: Wanted) -> str | None:
        """Why it did not load, as far as it was tried."""
        failed = self._failed.get(wanted.key)
        return failed[0] if failed else None

    def is_due(self, wanted: Wanted) -> bool:
        """Whether it should be loaded now."""
        if wanted.key in self._loaded:
            return False
        failed = self._failed.get(wanted.key)
        return failed is None or self._now() >= failed[1]

    def load(self, wanted: Wanted) -> bool:
        """Load it; False when it does not, and the log and :meth:`why_not` say why."""
        entity = wanted.entity
        try:
            features = None if wanted.baseline else self._open_features(entity, wanted.features)
            scorer = None
            if entity.kind is EntityKind.MODEL:
                folder = entity.baseline_folder if wanted.baseline else entity.folder
                scorer = self._load_scorer(replace(entity, folder=folder), wanted.limits)
            self._loaded[wanted.key] = Loaded(entity, scorer, features)
        except Exception as error:
            tries = self._failed.get(wanted.key, ("", 0.0, 0))[2] + 1
            why = error.message if isinstance(error, BoathouseError) else str(error) or type(error).__name__
            again = self._now() + min(60.0, self._retry_seconds * 2 ** min(tries - 1, 6))
            self._failed[wanted.key] = (why, again, tries)
            shown = f"{entity.entity}@{entity.version}" if entity.version is not None else entity.entity
            level = logging.WARNING if isinstance(error, BoathouseError | ScoringFailed) else logging.ERROR
            log.log(level, "%s does not load: %s", shown, why, exc_info=level == logging.ERROR)
            return False
        self._failed.pop(wanted.key, None)
        return True

    def let_go(self, keep: Mapping[tuple[object, ...], object]) -> list[Loaded]:
        """Take out what is wanted no more; close it when nobody uses it any longer."""
        gone = [key for key in self._loaded if key not in keep]
        for key in [key for key in self._failed if key not in keep]:
            del self._failed[key]
        return [self._loaded.pop(key) for key in gone]


def _frozen(features: OnlineFeatures | None) -> str | None:
    import json

    if features is None:
        return None
    return json.dumps([dict(features.tables), dict(features.functions)], sort_keys=True, default=str)
