"""From verdicts to what fires and what ends: a fold over windows, compared with what is on record.

What is known of the past may change (late labels fill windows that were empty), so every look folds all windows that
it knows, and only the difference to the record is news. So a look may be repeated without harm.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from boathouse.monitoring.alerts.nouns import Episode, Firing, Say, Verdict


@dataclass(frozen=True, slots=True)
class News:
    """What a look has found that is not on record."""

    fired: tuple[Episode, ...] = ()
    """New episodes; one that has ended already too."""
    resolved: tuple[tuple[Firing, Verdict], ...] = ()
    """Open firings that are over, with what says so."""
    lasting: tuple[tuple[Firing, Verdict], ...] = ()
    """Open firings with the last window that was wrong."""


def episodes(verdicts: Sequence[Verdict], for_windows: int = 1) -> list[Episode]:
    """Stretches of at least ``for_windows`` wrong windows. What is unknown neither counts nor ends one."""
    found: list[Episode] = []
    run: list[Verdict] = []
    for each in verdicts:
        if each.say is Say.UNKNOWN:
            continue
        if each.say is Say.BREACH:
            run.append(each)
            continue
        if len(run) >= for_windows:
            found.append(Episode(run[0], run[for_windows - 1], run[-1], each))
        run = []
    if len(run) >= for_windows:
        found.append(Episode(run[0], run[for_windows - 1], run[-1]))
    return found


def news(found: Sequence[Episode], verdicts: Sequence[Verdict], recorded: Sequence[Firing], since: int) -> News:
    """What is new of one series.

    Args:
        recorded: Its firings; at most one is open.
        since: The start of the first window that counts; what fired before is history.
    """
    fired = tuple(
        each for each in found if each.fired.point.start >= since and not any(_is_same(each, one) for one in recorded)
    )
    resolved: list[tuple[Firing, Verdict]] = []
    lasting: list[tuple[Firing, Verdict]] = []
    for firing in recorded:
        if not firing.is_open or not verdicts:
            continue
        mine = [each for each in found if _is_same(each, firing)]
        if mine and mine[-1].ended is None:
            lasting.append((firing, mine[-1].last))
        elif mine and mine[-1].ended is not None:
            resolved.append((firing, mine[-1].ended))
        elif (fine := _fine_since(verdicts, firing)) is not None:
            resolved.append((firing, fine))
    return News(fired, tuple(resolved), tuple(lasting))


def _is_same(episode: Episode, firing: Firing) -> bool:
    """Whether they overlap: a window that was recomputed may move where an episode begins."""
    begins, ends = episode.first.point.start, episode.ended.point.start if episode.ended else None
    if ends is not None and ends <= firing.began:
        return False
    if firing.is_open:
        return begins <= firing.window_start
    return firing.resolved_window is None or begins < firing.resolved_window


def _fine_since(verdicts: Sequence[Verdict], firing: Firing) -> Verdict | None:
    """The first window from where it began that is fine; what was wrong was computed anew, or the rule has changed."""
    return next((each for each in verdicts if each.say is Say.FINE and each.point.start >= firing.began), None)
