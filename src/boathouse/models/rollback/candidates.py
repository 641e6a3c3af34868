"""Where production can go back to: the champions before the present one, the last first; pure."""

from collections.abc import Collection, Sequence

from boathouse.models.nouns import AliasMove, DecisionKind


def earlier_champions(moves: Sequence[AliasMove], current: int | None, existing: Collection[int]) -> list[int]:
    """The versions that an alias pointed at before ``current``, the last first.

    A version that was rolled back from is none of them: whoever goes back twice goes back two steps.

    Args:
        moves: Those of the alias, in any order of time but oldest first.
        existing: The versions that are still there.
    """
    stack: list[int] = []
    for move in moves:
        version = move.to_version
        if version is None:
            continue
        if version in stack and move.through == DecisionKind.ROLLBACK.value:
            del stack[stack.index(version) + 1 :]
        else:
            stack = [each for each in stack if each != version]
            stack.append(version)
    if current in stack:
        del stack[stack.index(current) :]
    return [version for version in reversed(stack) if version in existing]
