"""What holds of an endpoint where its policy says nothing: what ``boathouse.yml`` asks of the model that it serves."""

import json
from collections.abc import Sequence
from typing import Any

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import FunctionName
from boathouse.models.requirements.requirements import Requirements, Rollout
from boathouse.serving.endpoints.policy import Canary, EndpointPolicy, Rung, RungKind, Shadow

_CONSTANT = "constant:"
_WORDS = {
    "previous": RungKind.PREVIOUS,
    "previous_champion": RungKind.PREVIOUS,
    "baseline": RungKind.BASELINE,
    "naive": RungKind.BASELINE,
}
CHALLENGER = "challenger"
"""The alias whose version watches where ``rollout.shadow`` is asked for."""


def with_defaults(policy: EndpointPolicy, requirements: Requirements | None) -> EndpointPolicy:
    """The policy with the rollout and the fallback of the model, where it has none of its own."""
    if requirements is None:
        return policy
    said: dict[str, Any] = {}
    rollout = requirements.rollout
    if policy.canary is None and (canary := canary_of(rollout)) is not None:
        said["canary"] = canary
    if policy.shadow is None and rollout.shadow:
        said["shadow"] = Shadow(alias=requirements.stages.get("candidate", CHALLENGER))
    if not policy.fallback and requirements.fallback:
        said["fallback"] = rungs_of(requirements.fallback)
    return policy.model_copy(update=said) if said else policy


def canary_of(rollout: Rollout) -> Canary | None:
    """The canary that a model's ``rollout`` asks for; its last step, all of the traffic, comes by itself."""
    steps = [share for share in rollout.steps if share < 100]
    if not steps:
        return None
    if rollout.step_minutes is None:
        return Canary(steps=steps)
    return Canary(steps=steps, bake=f"{max(1, round(rollout.step_minutes * 60))}s")


def rungs_of(words: Sequence[str]) -> list[Rung]:
    """A model's ``fallback`` as rungs: ``previous``, ``baseline``, ``constant:VALUE``, or a function's full name.

    Raises:
        InvalidInput: A word is none of these.
    """
    return [_rung(word.strip()) for word in words]


def _rung(word: str) -> Rung:
    if word in _WORDS:
        return Rung(kind=_WORDS[word])
    if word.startswith(_CONSTANT):
        text = word.removeprefix(_CONSTANT).strip()
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        if value is None or value == "":
            raise InvalidInput(f"fallback: {word!r} names no value.", hint="Write constant:0.5")
        return Rung(kind=RungKind.CONSTANT, value=value)
    try:
        return Rung(kind=RungKind.RULES, function=str(FunctionName.parse(word)))
    except InvalidInput as error:
        raise InvalidInput(
            f"fallback: {word!r} names nobody who could answer.",
            hint="Use previous, baseline, constant:VALUE, or the full name of a function.",
        ) from error
