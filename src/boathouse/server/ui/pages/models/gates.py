"""What the gates of a version have seen, what they needed, and what they say."""

from collections.abc import Sequence

from nicegui import ui

from boathouse.models.evidence.nouns import Evidence, Judgement, Measurement, Rule
from boathouse.models.promotion.nouns import Explanation
from boathouse.server.ui import addresses
from boathouse.server.ui.pages.models.telling import (
    STANDINGS,
    VERDICTS,
    at,
    gates_summary,
    gates_tone,
    moment,
    number,
    version_link,
    worst_by_gate,
)
from boathouse.server.ui.parts.empty import empty
from boathouse.server.ui.parts.grid import State, grid
from boathouse.server.ui.parts.layout import card, row
from boathouse.server.ui.parts.states import badge
from boathouse.server.ui.parts.text import facts, link, words

COLUMNS = ("Gate", "Verdict", "Rule", "Seen", "Needed", "Slice", "Rows", "Why", "When")


def standing_card(told: Explanation) -> None:
    """What evidence and signatures come to now."""
    with card("Where it stands"):
        if told.now is None:
            empty(
                "The model has no requirements, so nothing says what a version has to meet.",
                "Write its objective and gates in boathouse.yml, then: boathouse bundle deploy",
            )
            return
        with row():
            words(f"Version {told.version}")
            badge(*STANDINGS[told.now.standing])
            for alias in told.aliases:
                badge(alias)
        with ui.element("ul"):
            for each in told.now.reasons:
                words(each, "li")


def evidence_card(model: str, evidence: Sequence[Evidence], address: str) -> None:
    """Each rule with what was measured: the worst first."""
    with card("Gates"):
        if not evidence:
            empty("This version has not been through any gate yet.", f"boathouse model deploy {address}")
            return
        worst = worst_by_gate((each.measurement.gate, each.judgement.verdict.value) for each in evidence)
        evaluation = evidence[0].evaluation
        badge(gates_summary(worst.values()), gates_tone(worst.values()))
        facts(
            {
                "Evaluated": lambda: moment(evidence[0].recorded_at),
                "On": (lambda: _data(evaluation.data_table or "", evaluation.data_version))
                if evaluation.data_table
                else None,
                "Compared with": (lambda: version_link(model, evaluation.champion)) if evaluation.champion else None,
                "Run": (lambda: link(evaluation.run_id, addresses.run(evaluation.run_id or 0)))
                if evaluation.run_id
                else None,
            }
        )
        ordered = sorted(evidence, key=lambda each: VERDICTS.index(each.judgement.verdict.value))
        grid(COLUMNS, [_row(each) for each in ordered], label="Gates with their evidence", per_page=50)


def _data(table: str, version: int | None) -> None:
    link(table, addresses.table(table))
    if version is not None:
        words(f" at version {version}")


def _row(each: Evidence) -> list[object]:
    measurement, judgement = each.measurement, each.judgement
    verdict = judgement.verdict.value if each.rule is not None else "recorded"
    return [
        measurement.gate,
        State(f"{verdict}, blocks" if judgement.blocks else verdict, gates_tone([verdict])),
        measurement.metric,
        seen(measurement),
        needed(each.rule, judgement),
        str(measurement.slice) if measurement.slice else None,
        measurement.rows,
        None if verdict == "passed" else judgement.reason if each.rule is not None else measurement.problem,
        at(each.recorded_at),
    ]


def seen(measurement: Measurement) -> str:
    """The value with its interval, or why there is none."""
    if measurement.value is None:
        return "nothing was measured"
    ends = measurement.interval
    between = f" [{number(ends[0])}, {number(ends[1])}]" if ends else ""
    beside = f" beside {measurement.baseline}" if measurement.baseline else ""
    return f"{number(measurement.value)}{between}{beside}"


def needed(rule: Rule | None, judgement: Judgement) -> str | None:
    """The bound that decided, in words."""
    if rule is None:
        return None
    strict = rule.is_strict
    told = [
        f"{sign} {number(bound)}"
        for sign, bound in ((">" if strict else "≥", rule.minimum), ("<" if strict else "≤", rule.maximum))
        if bound is not None
    ]
    if not told and judgement.threshold is not None:
        told = [number(judgement.threshold)]
    end = {"lower": " (lower end)", "upper": " (upper end)"}.get(rule.judged_by.value, "")
    return f"{' and '.join(told)}{end}" if told else "to be measured"
