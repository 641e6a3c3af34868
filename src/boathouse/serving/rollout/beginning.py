"""What becomes of an entity whose alias or configuration means a version: nothing, a rollout, or all at once. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from boathouse.serving.endpoints.nouns import ServedEntity
from boathouse.serving.endpoints.policy import Canary
from boathouse.serving.rollout.nouns import Rollout, Stood
from boathouse.serving.rollout.plan import Standing


@dataclass(frozen=True, slots=True)
class Change:
    """What has to be written down before the standing holds."""

    standing: Standing
    stands: Stood | None = None
    """Stands from now on; None: what stood."""
    ends: str | None = None
    """Why the rollout that is under way ends."""
    begins: bool = False
    """A rollout to the standing's canary."""

    @property
    def is_any(self) -> bool:
        return self.stands is not None or self.ends is not None or self.begins


def change_of(
    model: str, wanted: int | None, stood: Stood | None, running: Rollout | None, canary: Canary | None
) -> Change:
    """What a version that is meant now changes.

    Args:
        wanted: What the alias or the configuration means; None of a feature spec.
        stood: What stands; None before the first time.
        running: The entity's rollout, if one is under way.
        canary: How versions come; None: all at once.
    """
    if running is not None and running.to_version == wanted:
        return Change(Standing(running.from_version, wanted, running.percent))
    ends = None if running is None else _why_it_ends(running, wanted)
    if stood is None or stood.model != model or stood.version is None or wanted is None:
        is_same = stood is not None and (stood.model, stood.version) == (model, wanted)
        return Change(Standing(wanted), None if is_same else Stood(model, wanted), ends)
    if wanted == stood.version:
        return Change(Standing(wanted), Stood(model, wanted) if stood.rejected is not None else None, ends)
    if canary is None or not canary.steps:
        return Change(Standing(wanted), Stood(model, wanted), ends)
    if wanted == stood.rejected:
        return Change(Standing(stood.version), None, ends)
    cleared = Stood(model, stood.version) if stood.rejected is not None else None
    return Change(Standing(stood.version, wanted, canary.steps[0]), cleared, ends, begins=True)


def renamed(entities: Sequence[ServedEntity], stood: Mapping[str, Stood]) -> Iterator[tuple[str, str]]:
    """Old and new names of entities that a configuration has renamed: clients name an entity after its version by
    default, and the version that comes replaces the one that goes nevertheless."""
    names = {each.name for each in entities}
    new = [each for each in entities if each.name not in stood]
    gone = {name: each for name, each in stood.items() if name not in names}
    for entity in new:
        before = [name for name, each in gone.items() if each.model == entity.entity]
        if len(before) == 1 and sum(each.entity == entity.entity for each in new) == 1:
            yield before[0], entity.name


def _why_it_ends(running: Rollout, wanted: int | None) -> str:
    if wanted == running.from_version:
        return f"version {wanted} is what is asked for again"
    return f"version {wanted} is asked for now" if wanted is not None else "no version is asked for any more"
