"""What was measured: on all rows, by slice, and whether probabilities are what they say."""

from collections.abc import Iterator, Sequence

from boathouse.models.cards.curves import curve_of
from boathouse.models.cards.document import Block, CurvePicture, Grid, Paragraph, Point, Section, SlicePicture
from boathouse.models.cards.facts import CardFacts
from boathouse.models.cards.wording import NONE, count, interval, number, words
from boathouse.models.evidence.nouns import Evidence

_MOST_SLICES = 40


def metrics(facts: CardFacts) -> Section | None:
    """Every number of all rows, with its interval."""
    rows = [row for row in facts.evidence if row.measurement.slice is None and row.measurement.value is not None]
    blocks: list[Block] = []
    if rows:
        titles = ("Gate", "Metric", "Value", "95 % interval", "Bound", "Rows", "Compared with", "Verdict")
        shown = [_metric(row) for row in rows]
        blocks.append(Grid(titles, shown, numeric=frozenset({2, 3, 4, 5}), verdict=7))
    else:
        blocks.append(Paragraph("Nothing has been measured by a gate.", is_gap=True))
    if facts.run is not None and facts.run.metrics:
        logged = [(name, number(value)) for name, value in sorted(facts.run.metrics.items())]
        blocks.append(Paragraph("What the training run has logged about itself:"))
        blocks.append(Grid(("Metric", "Last value"), logged, numeric=frozenset({1})))
    return Section("Performance", blocks)


def slices(facts: CardFacts) -> Section | None:
    """A picture and a table per metric that was measured by slice."""
    found = list(_by_metric(facts.evidence))
    if not found:
        declared = facts.requirements is not None and facts.requirements.slices
        gap = Paragraph("Slices are declared, and none has been measured.", is_gap=True)
        return Section("Slices", [gap]) if declared else None
    blocks: list[Block] = []
    for (gate, metric), rows in found:
        points = [point for row in rows if (point := _point(row)) is not None]
        if points:
            whole = _overall(facts.evidence, gate, metric)
            bound = next((row.judgement.threshold for row in rows if row.judgement.threshold is not None), None)
            blocks.append(SlicePicture(f"{words(gate)}: {words(metric)}", metric, points[:_MOST_SLICES], whole, bound))
        shown = [
            (
                str(row.measurement.slice),
                count(row.measurement.rows),
                number(row.measurement.value),
                interval(row.measurement),
                row.judgement.verdict.value,
                row.measurement.problem or NONE,
            )
            for row in rows
        ]
        titles = (f"{words(gate)}: {words(metric)}", "Rows", "Value", "95 % interval", "Verdict", "Problem")
        blocks.append(Grid(titles, shown, numeric=frozenset({1, 2, 3}), verdict=4))
    return Section("Slices", blocks)


def calibration(facts: CardFacts) -> Section | None:
    """The reliability curve, where one was measured."""
    for row in facts.evidence:
        curve = curve_of(row.measurement)
        if curve is not None:
            seen = row.measurement
            told = f"{words(seen.metric)} {number(seen.value)} over {count(seen.rows)} rows"
            note = Paragraph(f"{told}. On the diagonal, what is answered is what comes true.")
            picture = CurvePicture("Reliability", *curve)
            rows = [
                (number(answered), number(observed), count(curve.rows[at]) if at < len(curve.rows) else NONE)
                for at, (answered, observed) in enumerate(zip(curve.answered, curve.observed, strict=True))
            ]
            grid = Grid(("Answered", "Came true", "Rows"), rows, numeric=frozenset({0, 1, 2}))
            return Section("Calibration", [note, picture, grid])
    return None


def _metric(row: Evidence) -> tuple[str, ...]:
    seen = row.measurement
    return (
        words(seen.gate),
        words(seen.metric),
        number(seen.value),
        interval(seen),
        number(row.judgement.threshold),
        count(seen.rows),
        seen.baseline or NONE,
        row.judgement.verdict.value if row.rule is not None else "recorded",
    )


def _by_metric(evidence: Sequence[Evidence]) -> Iterator[tuple[tuple[str, str], list[Evidence]]]:
    groups: dict[tuple[str, str], list[Evidence]] = {}
    for row in evidence:
        if row.measurement.slice is not None:
            groups.setdefault((row.measurement.gate, row.measurement.metric), []).append(row)
    yield from groups.items()


def _point(row: Evidence) -> Point | None:
    seen = row.measurement
    if seen.value is None:
        return None
    low, high = seen.interval or (None, None)
    return Point(str(seen.slice), seen.value, low, high)


def _overall(evidence: Sequence[Evidence], gate: str, metric: str) -> float | None:
    wanted = (each.measurement for each in evidence if each.measurement.slice is None)
    return next((each.value for each in wanted if (each.gate, each.metric) == (gate, metric)), None)
