"""The ladder: when the routed version cannot answer, the rungs below it are asked, one after another."""

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from boathouse.catalog.definitions import definition_digest
from boathouse.foundation.errors import BoathouseError, InvalidInput
from boathouse.serving.endpoints.policy import RungKind
from boathouse.serving.fallback.rules import Rules
from boathouse.serving.scoring.nouns import Payload, Scorer, ScoringFailed
from boathouse.serving.snapshot.nouns import LiveEndpoint, LiveEntity, LiveRung

log = logging.getLogger(__name__)

_LONGEST_WHY = 500
_MODELS = (RungKind.PREVIOUS, RungKind.VERSION, RungKind.BASELINE)

VALUE, FUNCTION, DEFINITION = "value", "function", "definition"
"""What is told of a rung that is no model."""

Features = Mapping[str, Sequence[Any]]
"""Values by name, row by row, as they were looked up for the request."""


class OpenScorer(Protocol):
    def __call__(self, entity: LiveEntity, *, baseline: bool) -> Scorer:
        """The scorer of a rung, loaded before.

        Args:
            baseline: The model under the entity's ``baseline_folder``, not the entity's own.

        Raises:
            ScoringFailed: It is not there, or did not load.
        """
        ...


@dataclass(frozen=True, slots=True)
class Fallen:
    """What a rung below has answered."""

    answer: bytes
    """The JSON value of ``predictions``."""
    rung: str
    """As in the policy: ``previous``, ``version``, ``baseline``, ``rules``, ``constant``."""
    why: str
    """What had failed above, one after another."""
    entity: LiveEntity | None = None
    """Whose model answered, if one did."""
    details: str | None = None
    """Of what is no model: which constant, or which function, as JSON."""


class NoRung(ScoringFailed):
    """No rung has answered; ``str()`` names each with what failed."""


class Ladder:
    """The rungs of one endpoint. Safe to share between threads; ``close`` ends what rules keep running."""

    def __init__(
        self, endpoint: LiveEndpoint, open_scorer: OpenScorer, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._entities = {each.entity_id: each for each in endpoint.entities}
        self._rungs = endpoint.ladder
        self._details = [_details(each) for each in endpoint.ladder]
        self._rules = {at: Rules(rung.function) for at, rung in enumerate(endpoint.ladder) if rung.function is not None}
        self._is_masked = bool(endpoint.masked_columns)
        self._open_scorer = open_scorer
        self._now = now

    def __bool__(self) -> bool:
        return bool(self._rungs)

    def answer(
        self,
        payload: Payload,
        features: Features | None,
        failed: Exception,
        *,
        routed: str | None = None,
        until: float | None = None,
    ) -> Fallen:
        """What the first rung that can says, as many answers as there are rows.

        Args:
            failed: What was wrong with the routed version.
            routed: Its entity id: a rung that is the same version is passed over.
            until: An instant of the clock after which no further model is asked, only rules and constants.

        Raises:
            NoRung: None can.
        """
        why = [f"{self._shown(routed)}: {said(failed)}"]
        for at, rung in enumerate(self._rungs):
            kind = RungKind(rung.kind)
            if kind in _MODELS:
                if kind is not RungKind.BASELINE and rung.entity_id == routed:
                    continue
                if until is not None and self._now() >= until:
                    why.append(f"{kind.value}: not asked, the time was up")
                    continue
            try:
                answer = self._answered(at, rung, payload, features)
                return Fallen(answer, kind.value, _joined(why), self._entity(rung), self._details[at])
            except Exception as error:
                if not isinstance(error, ScoringFailed | BoathouseError):
                    log.warning("Rung %s failed: %s", kind.value, type(error).__name__, exc_info=not self._is_masked)
                why.append(f"{kind.value}: {said(error)}")
        raise NoRung(_joined(why)) from failed

    def close(self) -> None:
        for each in self._rules.values():
            each.close()

    def _answered(self, at: int, rung: LiveRung, payload: Payload, features: Features | None) -> bytes:
        match RungKind(rung.kind):
            case RungKind.CONSTANT:
                return orjson.dumps([rung.value] * payload.rows)
            case RungKind.RULES:
                if at not in self._rules:
                    raise ScoringFailed("the function is not there")
                return _require_rows(dumped(self._rules[at].values(payload, features or {})), payload.rows)
            case _:
                entity = self._entity(rung)
                if entity is None:
                    raise ScoringFailed("there is no such version")
                scorer = self._open_scorer(entity, baseline=rung.kind == RungKind.BASELINE)
                arrays = scorer.read(payload)
                return _require_rows(scorer.answer(scorer.predict(arrays, payload.params)), payload.rows)

    def _entity(self, rung: LiveRung) -> LiveEntity | None:
        return self._entities.get(rung.entity_id) if rung.entity_id is not None else None

    def _shown(self, routed: str | None) -> str:
        entity = self._entities.get(routed or "")
        return "the routed version" if entity is None else f"{entity.entity}@{entity.version}"


def said(error: Exception) -> str:
    """An error in one short line."""
    text = error.message if isinstance(error, BoathouseError) else str(error) or type(error).__name__
    return " ".join(text.split())[:_LONGEST_WHY]


def without_values(why: str) -> str:
    """Who had failed, without what it said: that may quote values that nobody shall see.

    Example:
        >>> without_values("main.flights.delays@3: no carrier XY; baseline: it is away")
        'main.flights.delays@3: what it said is not shown, since columns are masked'
    """
    return f"{why.partition(': ')[0]}: what it said is not shown, since columns are masked"


def _require_rows(answer: bytes, rows: int) -> bytes:
    found = json.loads(answer)  # models of some flavours answer NaN, which stricter readers refuse
    lengths = {len(each) for each in found.values()} if isinstance(found, dict) else {len(found)}
    if lengths != {rows}:
        shown = ", ".join(map(str, sorted(lengths))) or "no"
        raise InvalidInput(f"it gave {shown} answers for {rows} rows")
    return answer


def dumped(values: Sequence[Any]) -> bytes:
    """The values of a function as they stand in an answer."""
    return orjson.dumps(list(values), default=str)


def _details(rung: LiveRung) -> str | None:
    """What tells later, from a row alone, what has answered."""
    if rung.kind == RungKind.CONSTANT:
        return orjson.dumps({VALUE: rung.value}).decode()
    if rung.function is not None:
        name = str(rung.function.get("full_name") or rung.function.get("name"))
        return orjson.dumps({FUNCTION: name, DEFINITION: definition_digest(rung.function)}).decode()
    return None


def _joined(why: Sequence[str]) -> str:
    return "; ".join(why)
