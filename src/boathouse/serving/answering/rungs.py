"""The models of a ladder, as they were loaded for it."""

from collections.abc import Mapping
from typing import Any

from boathouse.serving.answering.features import RequestFeatures
from boathouse.serving.answering.loaded import Loaded, Wanted
from boathouse.serving.endpoints.policy import FeatureRules
from boathouse.serving.scoring.nouns import Payload, Scorer, ScoringFailed
from boathouse.serving.snapshot.nouns import LiveEndpoint, LiveEntity


class Rungs:
    """Implements ``fallback.ladder.OpenScorer``."""

    def __init__(self, endpoint: LiveEndpoint, loaded: Mapping[tuple[object, ...], Loaded]) -> None:
        self._endpoint = endpoint
        self._loaded = loaded

    def open(self, entity: LiveEntity, *, baseline: bool) -> Scorer:
        features = None if baseline else self._endpoint.features.get(entity.entity_id)
        found = self._loaded.get(Wanted(entity, self._endpoint.policy.limits, features, baseline).key)
        if found is None or found.scorer is None:
            raise ScoringFailed("it is not loaded; the log of the data plane says why")
        if found.features is None:
            return found.scorer
        return _WithFeatures(found.scorer, found.features, self._endpoint.policy.features)


class _WithFeatures:
    """A scorer that looks its features up while it reads."""

    is_fast = False

    def __init__(self, scorer: Scorer, features: RequestFeatures, rules: FeatureRules) -> None:
        self._scorer = scorer
        self._features = features
        self._rules = rules
        self.required = scorer.required

    def read(self, payload: Payload) -> Any:
        return self._scorer.read(self._features.fill(payload, self._rules).payload)

    def predict(self, arrays: Any, params: Mapping[str, Any] | None) -> Any:
        return self._scorer.predict(arrays, params)

    def answer(self, predictions: Any) -> bytes:
        return self._scorer.answer(predictions)

    def close(self) -> None:
        """Nothing: it is somebody else's."""
