"""An incident in a few sentences, and what is most likely behind it."""

from collections.abc import Mapping, Sequence

from boathouse.monitoring.alerts.nouns import Firing
from boathouse.monitoring.incidents.nouns import Change, Entry, EntryKind, Step, StepState
from boathouse.monitoring.incidents.service import Story

MOST_SUSPECTS = 8
_MOST_SERIES = 4


def lead(story: Story, metrics: Mapping[str, str]) -> str:
    """What is wrong, whether it is fine again, and what was done: what one wants to know first.

    Args:
        metrics: What is judged, by the id of the alert.
    """
    return " ".join(part for part in (_wrong(story, metrics), _done(story.steps), _end(story)) if part)


def figure_words(firing: Firing, metrics: Mapping[str, str]) -> str:
    """``percent_null of humidity``."""
    return " of ".join(part for part in (metrics.get(firing.alert_id, ""), firing.series.text) if part)


def _wrong(story: Story, metrics: Mapping[str, str]) -> str:
    if not story.firings:
        return f"{story.incident.opened_by} opened it by hand about {story.incident.subject}."
    shown = story.firings[:_MOST_SERIES]
    named = [(figure_words(each, metrics), each.why) for each in shown]
    told = "; ".join(f"{name}: {why}" if name else why for name, why in named)
    more = f" (and {len(story.firings) - len(shown)} more)" if len(story.firings) > len(shown) else ""
    return f"In {story.incident.subject}, {told}{more}. {_now(story.firings)}"


def _now(firings: Sequence[Firing]) -> str:
    fires = [each for each in firings if each.is_open]
    if not fires:
        return "All of it is fine again."
    return "All of it still fires." if len(fires) == len(firings) else f"{len(fires)} of {len(firings)} still fire."


def _done(steps: Sequence[Step]) -> str:
    if not steps:
        return "No playbook is prepared."
    done = [each for each in steps if each.state is StepState.DONE]
    waits = next((each for each in steps if each.state is StepState.AWAITS_APPROVAL and not each.is_approved), None)
    failed = next((each for each in steps if each.state is StepState.FAILED), None)
    if failed is not None:
        return f"The playbook stopped at step {failed.position}, {failed.step.text}."
    if waits is not None:
        return f"The playbook waits for somebody to approve step {waits.position}, {waits.step.text}."
    if len(done) == len(steps):
        return "Every step of the playbook is done."
    return f"{len(done)} of {len(steps)} steps of the playbook are done."


def _end(story: Story) -> str:
    found = story.incident
    return f"{found.closed_by} closed it: {found.resolution}" if not found.is_open else ""


def likely(story: Story) -> list[Change]:
    """What had changed before, as the timeline holds it: the most likely first."""
    changes = [_change(each) for each in story.entries if each.kind is EntryKind.CHANGE]
    return sorted(changes, key=lambda each: (-each.likelihood, -each.at))


def _change(entry: Entry) -> Change:
    data = entry.data
    return Change(
        entry.at, str(data.get("kind", "")), str(data.get("subject", "")), entry.text, entry.principal,
        int(data.get("hops", 0)), float(data.get("likelihood", 0.0)), data,
    )  # fmt: skip


def shown_entries(story: Story, *, everything: bool) -> list[Entry]:
    """The timeline; of what had changed before only what is likely, unless all of it is asked for."""
    if everything:
        return list(story.entries)
    kept = {(each.at, each.text) for each in likely(story)[:MOST_SUSPECTS]}
    return [each for each in story.entries if each.kind is not EntryKind.CHANGE or (each.at, each.text) in kept]
