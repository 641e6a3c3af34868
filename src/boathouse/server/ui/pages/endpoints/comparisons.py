"""Versions beside each other: a shadow that answers nobody, and an A/B test that outcomes decide."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from nicegui import ui

from boathouse.foundation.clock import from_epoch_ms
from boathouse.server.ui.addresses import with_query
from boathouse.server.ui.pages.endpoints.shown import Shown
from boathouse.server.ui.pages.endpoints.telling import per_cent
from boathouse.server.ui.parts.asking import ask_reason, button, done
from boathouse.server.ui.parts.empty import empty
from boathouse.server.ui.parts.grid import grid
from boathouse.server.ui.parts.later import later
from boathouse.server.ui.parts.layout import card, row
from boathouse.server.ui.parts.plots import over_time
from boathouse.server.ui.parts.states import badge
from boathouse.server.ui.parts.text import facts, heading, link, note, words
from boathouse.server.ui.parts.times import when
from boathouse.server.ui.visitor import Visitor
from boathouse.serving.rollout.experiments.nouns import ExperimentState, Running

Json = Mapping[str, Any]
_SPANS = (("1d", "hour"), ("7d", "day"), ("31d", "day"))


async def comparisons_tab(visitor: Visitor, shown: Shown) -> None:
    with card("Shadow"):
        policy = await visitor.ask(visitor.plane.serving.endpoints.policy, shown.name)
        if policy.shadow is None:
            empty(
                "Nobody watches this endpoint's traffic without answering.",
                "A policy with shadow lets a version see the traffic: boathouse endpoint policy NAME --put FILE",
            )
        else:
            of = policy.shadow.alias or f"version {policy.shadow.version}"
            note(f"{of} sees {policy.shadow.percent:g} % of the requests, and answers nobody.")
        later(lambda: _shadow(visitor, shown), "Comparing answers …")
    with card("A/B test"):
        await _experiments(visitor, shown)


async def _shadow(visitor: Visitor, shown: Shown) -> None:
    last = visitor.query.get("last", "1d")
    window = dict(_SPANS).get(last, "hour")
    with row():
        for span, _ in _SPANS:
            address = with_query(visitor.path, **{**visitor.query, "last": span})
            element = link(f"last {span}", address)
            if span == last:
                element.props("aria-current=true").classes("bh-chosen-link")
    told = await visitor.ask(visitor.plane.serving.changes.shadows.of, shown.name, last=last, window=window)
    differences = told["differences"]
    if not differences:
        empty("No answer of a shadow stands beside a caller's in this time.")
    else:
        heading("How far its answers are from those that callers got", 3)
        over_time(lines_of(differences), label="Mean absolute difference of the shadow's answers", height_pixels=200)
        grid(_DIFFERENCES, [_difference(each) for each in differences], label="Differences")
    heading("How much of the traffic it saw", 3)
    grid(_TRAFFIC, [_traffic(each) for each in told["traffic"]], label="The shadow's traffic")


_DIFFERENCES = (
    "Window", "Version", "Output", "Rows", "Equal", "Disagree", "Mean difference", "Mean absolute", "p50", "p90", "p99",
)  # fmt: skip
_TRAFFIC = ("Window", "Answered", "Seen by the shadow", "Failed", "Shadow ms", "Callers' ms")


def lines_of(differences: Sequence[Json]) -> dict[str, list[tuple[datetime, float | None]]]:
    """The mean absolute difference over time, a line for each version and output."""
    lines: dict[str, list[tuple[datetime, float | None]]] = {}
    for each in sorted(differences, key=lambda each: each["window"]):
        value = each["mean_absolute"] if each["mean_absolute"] is not None else each["disagreement"]
        name = f"version {each['model_version']}, {each['output']}"
        lines.setdefault(name, []).append((from_epoch_ms(each["window"]), value))
    return lines


def _difference(each: Json) -> list[object]:
    quantiles = each["quantiles"] or (None, None, None)
    return [
        from_epoch_ms(each["window"]), each["model_version"], each["output"], each["predictions"],
        per_cent(each["equal_share"]), per_cent(each["disagreement"]), each["mean_difference"], each["mean_absolute"],
        *quantiles,
    ]  # fmt: skip


def _traffic(each: Json) -> list[object]:
    return [
        from_epoch_ms(each["window"]), each["asked"], each["shadowed"], each["failed"], each["milliseconds"],
        each["callers_milliseconds"],
    ]  # fmt: skip


async def _experiments(visitor: Visitor, shown: Shown) -> None:
    found = await visitor.ask(visitor.plane.serving.changes.experiments.of, shown.name)
    if not found:
        empty(
            "This endpoint has had no A/B test.",
            "A policy with experiment begins one: boathouse endpoint policy NAME --put FILE",
        )
    for number, each in enumerate(found):
        _experiment(visitor, shown, each, is_first=number == 0)


def _experiment(visitor: Visitor, shown: Shown, test: Running, *, is_first: bool) -> None:
    report: Json = test.report or {}
    if not is_first:
        heading(f"Before: {' against '.join(test.arms)}", 3)
    with row():
        badge(test.state.value)
        words(verdict_of(test), style="bh-strong")
    facts(
        {
            "Compared": f"{', '.join(test.arms[1:])} against {test.declared.control}",
            "Outcome": f"{test.declared.outcome} of {test.declared.outcomes}, better when it "
            f"{'rises' if test.declared.better.value == 'increase' else 'falls'}",
            "Key": ", ".join(test.declared.key),
            "Began": lambda: when(test.began_at),
            "Ended": (lambda: when(test.ended_at)) if test.ended_at else None,
            "Looked at": (lambda: when(test.looked_at, ago=True)) if test.looked_at else None,
            "Sample ratio": sample_ratio(report.get("ratio_p_value")),
            "Left out": f"{report['excluded_keys']:,} keys that more than one entity has answered"
            if report.get("excluded_keys")
            else None,
            "Traffic": report.get("traffic"),
        }
    )
    if report.get("compared"):
        grid(_COMPARED, rows_of(report), label=f"A/B test since {test.began_at}")
    if report.get("arms"):
        grid(_ARMS, [_arm(name, arm) for name, arm in report["arms"].items()], label=f"Arms since {test.began_at}")
    if test.state is ExperimentState.RUNNING and shown.may_manage:
        with row():
            button("Stop the test", lambda: _stop(visitor, shown), style="bh-danger")


_COMPARED = ("Treatment", "Measure", "Difference", "From", "To", "p-value", "Better", "Why")
_ARMS = ("Entity", "Keys", "With outcome", "Mean")


def verdict_of(test: Running) -> str:
    """What it has come to, in a sentence."""
    report = test.report or {}
    winner, reason = report.get("winner"), report.get("reason")
    if winner:
        return f"{winner} wins: {reason}"
    return str(reason or "Too little is known yet.")


def sample_ratio(p_value: float | None) -> str | None:
    """Whether keys came in the shares that routes give them: else nothing can be compared."""
    if p_value is None:
        return None
    fits = "as the shares say" if p_value >= 0.001 else "not as the shares say: nothing can be concluded"
    return f"{fits} (p = {p_value:.3g})"


def rows_of(report: Json) -> list[list[object]]:
    """A line for the outcome of each treatment, and one for each guard."""
    found: list[list[object]] = []
    for each in report["compared"]:
        measures = {"outcome": each["difference"], **{f"guard {name}": of for name, of in each["guards"].items()}}
        for name, difference in measures.items():
            told: Json = difference or {}
            found.append(
                [
                    each["treatment"], name, told.get("value"), told.get("lower"), told.get("upper"),
                    told.get("p_value"), each["winner"] if name == "outcome" else None,
                    each["reason"] if name == "outcome" else None,
                ]
            )  # fmt: skip
    return found


def _arm(name: str, arm: Json) -> list[object]:
    return [name, arm["keys"], arm["outcomes"], arm["mean"]]


async def _stop(visitor: Visitor, shown: Shown) -> None:
    reason = await ask_reason(
        "Stop the A/B test?",
        what_happens="It ends undecided, and stays ended until the policy declares another one. The shares stay.",
        yes="Stop the test",
        style="bh-danger",
    )
    if reason:
        await visitor.ask(visitor.plane.serving.changes.experiments.stop, shown.name, reason)
        done("The A/B test has ended.")
        ui.navigate.reload()
