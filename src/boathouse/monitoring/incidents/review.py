"""The post-incident review, pre-filled: what is known stands there, what people have to say is left open."""

from collections.abc import Iterator, Sequence
from typing import Any

from boathouse.foundation.clock import from_epoch_ms
from boathouse.monitoring.incidents.nouns import EntryKind, Incident, Step
from boathouse.monitoring.incidents.service import Story

MOST_SUSPECTS = 5


def review_of(story: Story, touched: Sequence[str] = ()) -> str:
    """A review in Markdown.

    Args:
        touched: Lines about what was touched downstream.
    """
    return "\n".join(_lines(story, touched)) + "\n"


def _lines(story: Story, touched: Sequence[str]) -> Iterator[str]:
    incident = story.incident
    yield f"# Incident {incident.number}: {_one_line(incident.title)}"
    yield ""
    yield "| | |"
    yield "|---|---|"
    for name, value in _facts(story):
        yield f"| {name} | {_cell(value)} |"
    yield ""
    yield "## What happened"
    yield ""
    yield incident.resolution or "_To be written: two sentences that somebody outside of the team understands._"
    yield ""
    yield from _section(
        "What was touched", [f"- {_one_line(each)}" for each in touched], "Nothing downstream is known."
    )
    yield from _section("What had changed before, the most likely first", _suspects(story), "Nothing is known.")
    yield from _section("What was done", [_step_line(each) for each in story.steps], "No playbook was prepared.")
    yield from _section("Timeline", _timeline(story), "Nothing is known.")
    yield "## Questions"
    yield ""
    yield from (
        "- Why did it happen? _To be written; the changes above are suspects, not causes._",
        "- Why was it not prevented? _Which check would have refused it?_",
        f"- Could it have been seen sooner? _{_detection(story)}_",
        "- What went well, and what was luck?",
    )
    yield ""
    yield "## Actions"
    yield ""
    yield "| Action | Owner | Until |"
    yield "|---|---|---|"
    yield f"| _To be written_ | {_cell(incident.owner)} | |"


def _facts(story: Story) -> Iterator[tuple[str, Any]]:
    incident = story.incident
    yield "About", incident.subject
    yield "Severity", incident.severity.value
    yield "Owner", incident.owner
    yield (
        "Opened",
        f"{_shown(incident.opened_at)} by {f'the alert {incident.alert}' if incident.alert else incident.opened_by}",
    )
    if incident.window is not None:
        yield "First wrong window", f"{_shown(incident.window[0])} to {_shown(incident.window[1])}"
    if incident.closed_at is not None:
        yield "Closed", f"{_shown(incident.closed_at)} by {incident.closed_by}"
        yield "Open for", _span(incident.closed_at - incident.opened_at)
    else:
        yield "Closed", "still open"
    if (fine := _fine_at(story)) is not None:
        yield "Fine again", f"{_shown(fine)}, {_span(fine - incident.opened_at)} after it was opened"
    if incident.playbook is not None:
        run = f", run {incident.run_id} ({story.run_state})" if incident.run_id is not None else ", not started"
        yield "Playbook", f"{incident.playbook}, revision {incident.playbook_revision}{run}"


def _fine_at(story: Story) -> int | None:
    ends = [each.resolved_at for each in story.firings]
    return max((each for each in ends if each is not None), default=None) if None not in ends else None


def _suspects(story: Story) -> list[str]:
    changes = [each for each in story.entries if each.kind is EntryKind.CHANGE]
    ordered = sorted(changes, key=lambda each: -float(each.data.get("likelihood", 0)))
    return [f"1. {_shown(each.at)}: {_one_line(each.text)} ({_hops(each.data)})" for each in ordered[:MOST_SUSPECTS]]


def _hops(data: Any) -> str:
    hops = data.get("hops")
    far = "the thing itself" if hops == 0 else f"{hops} step{'' if hops == 1 else 's'} away"
    return f"{far}, likelihood {data.get('likelihood')}"


def _timeline(story: Story) -> list[str]:
    return [
        f"- {_shown(each.at)} **{each.kind.value}** {_one_line(each.text)}"
        + (f" ({each.principal})" if each.kind is EntryKind.NOTE else "")
        for each in story.entries
    ]


def _step_line(step: Step) -> str:
    told = f": {_one_line(step.detail)}" if step.detail else ""
    by = f", approved by {step.approved_by}" if step.approved_by else ""
    return f"1. {_one_line(step.step.text)}: {step.state.value.replace('_', ' ').lower()}{by}{told}"


def _detection(story: Story) -> str:
    incident: Incident = story.incident
    if incident.window is None or incident.alert is None:
        return "It was opened by hand: no alert has seen it."
    return (
        f"The first wrong window ended {_shown(incident.window[1])}; the alert {incident.alert} opened this at "
        f"{_shown(incident.opened_at)}."
    )


def _section(title: str, lines: Sequence[str], otherwise: str) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    yield from (lines or [otherwise])
    yield ""


def _shown(at: int) -> str:
    return from_epoch_ms(at).strftime("%Y-%m-%d %H:%M:%S")


def _span(milliseconds: int) -> str:
    minutes = max(0, milliseconds) // 60_000
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    told = [(days, "d"), (hours, "h"), (minutes, "min")]
    return " ".join(f"{number} {unit}" for number, unit in told if number) or "less than a minute"


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())


def _cell(value: Any) -> str:
    return _one_line(str(value)).replace("|", "\\|")
