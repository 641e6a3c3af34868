"""Figures of many summaries at once, beside the definition of each, worked out row by row."""

import math
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import chdtrc

from boathouse.quality.multiple_testing import adjust, adjusted_together
from boathouse.quality.profiles import SUMMARIES, compare, figures, quantiles
from boathouse.quality.profiles.comparing import DriftFigures, compared
from boathouse.quality.profiles.edges import edges_of
from boathouse.quality.profiles.reading import as_table, figures_of

SHARES = [place / 100 for place in range(101)]
FEW_VALUES = edges_of(np.array([1.0, 2.0, 3.0])) or []
EDGES = ([-1.0, 0.0, 0.5, 2.0, 7.0], [-1.0, 0.0, 0.5, 2.0, 7.5], [0.0], [float(each) for each in range(30)], FEW_VALUES)
COUNTS = st.one_of(st.just(0), st.integers(0, 9), st.integers(0, 40_000))


@st.composite
def of_numbers(draw: st.DrawFn) -> dict[str, Any]:
    edges = draw(st.sampled_from(EDGES))
    histogram = draw(st.lists(COUNTS, min_size=len(edges) + 1, max_size=len(edges) + 1))
    least, further = draw(st.floats(-9, 9)), draw(st.floats(0, 40))
    infinite = draw(st.sampled_from([0, 0, min(2, sum(histogram))]))
    nan = draw(st.integers(0, 3))
    is_known = sum(histogram) > infinite
    known = {"mean": draw(st.floats(-5, 5)), "m2": draw(st.floats(0, 100)), "min": least, "max": least + further}
    return {
        **dict.fromkeys(SUMMARIES.names), "column_name": "x", "data_type": "double", "count": sum(histogram) + nan,
        "nulls": draw(st.integers(0, 5)), "nan": nan, "infinities": infinite, "edges": edges, "histogram": histogram,
        "zeros": draw(st.integers(0, 5)), "distinct_count": draw(st.integers(1, 90_000)),
        **(known if is_known else dict.fromkeys(known)),
    }  # fmt: skip


@st.composite
def of_texts(draw: st.DrawFn) -> dict[str, Any]:
    names = st.text("aäbcZ\U0001f600", min_size=1, max_size=3)
    items = draw(st.dictionaries(names, st.integers(1, 60), max_size=40))
    others = draw(st.integers(0, 4))
    count = sum(items.values()) + others
    return {
        **dict.fromkeys(SUMMARIES.names), "column_name": "t", "data_type": "string", "count": count, "nulls": 3,
        "min_length": 1, "max_length": 3, "sum_length": 2 * count, "other_items": others,
        "distinct_count": len(items), "items": [{"item": name, "count": each} for name, each in items.items()],
    }  # fmt: skip


OTHERS = [
    dict.fromkeys(SUMMARIES.names) | {"column_name": ":table", "count": 7},
    dict.fromkeys(SUMMARIES.names) | {"column_name": "d", "data_type": "date", "count": 7, "nulls": 2, "min": 3.0},
]
SUMMARY = st.one_of(of_numbers(), of_numbers(), of_texts(), st.sampled_from(OTHERS))


def close(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else pytest.approx(value, rel=1e-12, abs=1e-12)


@settings(deadline=None)
@given(st.lists(SUMMARY, min_size=1, max_size=6))
def test_figures_of_many_are_those_of_each(summaries: list[dict[str, Any]]) -> None:
    found = figures_of(as_table(summaries)).to_pylist()
    for row, summary in zip(found, summaries, strict=True):
        assert row == figures(summary).row()
        if summary["histogram"] is None or summary["min"] is None:
            assert row["quantiles"] is None and row["median"] is None
            continue
        expected = quantiles_of(summary, SHARES)
        assert row["quantiles"] == close(expected) and row["median"] == close(expected[50])
        assert quantiles(summary, [0.3, 0.995]) == close(quantiles_of(summary, [0.3, 0.995]))
        rows = summary["count"] - summary["nan"] - summary["infinities"]
        assert row["stddev"] == (close(math.sqrt(summary["m2"] / (rows - 1))) if rows > 1 else None)


@settings(deadline=None, max_examples=200)
@given(st.lists(SUMMARY, min_size=1, max_size=5))
def test_comparisons_of_many_are_those_of_each(summaries: list[dict[str, Any]]) -> None:
    pairs = list(product(range(len(summaries)), repeat=2))
    rows, references = (np.array([pair[side] for pair in pairs]) for side in (0, 1))
    found = compared(as_table(summaries), rows, references).to_pylist()
    for row, (own, old) in zip(found, pairs, strict=True):
        alone = compare(summaries[own], summaries[old])
        for name, value in row.items():
            assert value == close(plain(getattr(alone, name))), name
        if alone.problem is None and summaries[own]["column_name"] != ":table":
            check_distances(alone, summaries[own], summaries[old])


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.one_of(st.none(), st.floats(0, 1))), max_size=40))
def test_families_of_tests_are_adjusted_each_by_itself(tests: list[tuple[int, float | None]]) -> None:
    families = np.array([family for family, _ in tests], np.int64)
    chances = np.array([math.nan if chance is None else chance for _, chance in tests], np.float64)
    found = adjusted_together(chances, families)
    for family in set(families.tolist()):
        expected = adjust([chance for number, chance in tests if number == family])
        assert [None if math.isnan(each) else each for each in found[families == family]] == expected


# --- the definitions


def plain(value: Any) -> Any:
    return {"statistic": value.statistic, "pvalue": value.pvalue} if hasattr(value, "statistic") else value


def quantiles_of(summary: dict[str, Any], shares: list[float]) -> list[float]:
    """The middle of the first and of the last place at which so many rows are reached."""
    least, greatest, edges = summary["min"], summary["max"], summary["edges"]
    places = [least, *(min(max(edge, least), greatest) for edge in edges), greatest]
    for number in range(1, len(edges)):
        if edges[number - 1] >= math.nextafter(edges[number], -math.inf):
            places[number] = min(max(edges[number], least), greatest)
    below = np.cumsum([0, *summary["histogram"]])
    found: list[float] = []
    for share in shares:
        wanted = share * below[-1]
        same = [place for place, rows in zip(places, below, strict=True) if rows == wanted]
        if same:
            found.append((same[0] + same[-1]) / 2)
            continue
        last = max(number for number, rows in enumerate(below) if rows < wanted)
        part = (wanted - below[last]) / (below[last + 1] - below[last])
        found.append(places[last] + part * (places[last + 1] - places[last]))
    return found


def check_distances(found: DriftFigures, summary: dict[str, Any], reference: dict[str, Any]) -> None:
    if summary["histogram"] is not None:
        counts, before = summary["histogram"], reference["histogram"]
        check_ordered(found, summary, reference)
        pairs = tenths(counts, before)
    else:
        pairs = categories(summary, reference)
    pairs = [pair for pair in pairs if any(pair)]
    n, m = (sum(pair[side] for pair in pairs) for side in (0, 1))
    shares = [(own / n, old / m) for own, old in pairs]
    assert found.tv_distance == close(sum(abs(a - e) for a, e in shares) / 2)
    assert found.l_infinity_distance == close(max(abs(a - e) for a, e in shares))
    divergence = sum(part * math.log2(2 * part / (a + e)) for a, e in shares for part in (a, e) if part) / 2
    assert found.js_distance is not None and found.js_distance**2 == close(divergence)
    statistic = 0.0
    for side, rows in ((0, n), (1, m)):
        statistic += sum((p[side] - rows * sum(p) / (n + m)) ** 2 / (rows * sum(p) / (n + m)) for p in pairs)
    assert found.chi_squared_test is not None and found.chi_squared_test.statistic == close(statistic)
    freedom = len(pairs) - 1
    assert found.chi_squared_test.pvalue == close(chdtrc(freedom, statistic) if freedom else 1.0)
    halves = [0.5 if any(pair[side] == 0 for pair in pairs) else 0.0 for side in (0, 1)]
    filled = [(own + halves[0], old + halves[1]) for own, old in pairs]
    totals = [sum(pair[side] for pair in filled) for side in (0, 1)]
    parts = [(own / totals[0], old / totals[1]) for own, old in filled]
    index = sum((a - e) * math.log(a / e) for a, e in parts)
    assert found.population_stability_index == close(index)
    expected = chdtrc(freedom, index / (1 / n + 1 / m)) if freedom else 1.0
    assert found.population_stability_pvalue == close(expected)


def check_ordered(found: DriftFigures, summary: dict[str, Any], reference: dict[str, Any]) -> None:
    sides = [(each, sum(each["histogram"])) for each in (summary, reference)]
    own, old = (np.cumsum(each["histogram"]) / rows for each, rows in sides)
    statistic = float(np.abs(own - old).max())
    root = math.sqrt(math.prod(rows for _, rows in sides) / sum(rows for _, rows in sides))
    scaled = (root + 0.12 + 0.11 / root) * statistic
    total = sum(2 * (-1) ** (term - 1) * math.exp(-2 * term * term * scaled * scaled) for term in range(1, 101))
    assert found.ks_test is not None and found.ks_test.statistic == close(statistic)
    assert found.ks_test.pvalue == close(1.0 if scaled < 0.2 else min(max(total, 0.0), 1.0))
    steps: list[tuple[float, float]] = []
    for (each, rows), sign in zip(sides, (1, -1), strict=True):
        ends = [each["min"], *(min(max(edge, each["min"]), each["max"]) for edge in each["edges"]), each["max"]]
        steps += [
            ((low + high) / 2, sign * count / rows)
            for low, high, count in zip(ends[:-1], ends[1:], each["histogram"], strict=True)
        ]
    steps.sort(key=lambda step: step[0])
    area = height = 0.0
    for (place, step), (after, _) in pairwise(steps):
        height += step
        area += abs(height) * (after - place)
    assert found.wasserstein_distance == close(area)


def tenths(counts: list[int], reference: list[int]) -> list[tuple[float, float]]:
    filled = [pair for pair in zip(counts, reference, strict=True) if any(pair)]
    if len(filled) <= 20:
        return [(float(own), float(old)) for own, old in filled]
    found, before, rows = [(0.0, 0.0)] * 10, 0, sum(reference)
    for own, old in filled:
        tenth = min(int(before / rows * 10 + 1e-9), 9)
        found[tenth] = found[tenth][0] + own, found[tenth][1] + old
        before += old
    return found


def categories(summary: dict[str, Any], reference: dict[str, Any]) -> list[tuple[float, float]]:
    own, old = ({item["item"]: item["count"] for item in each["items"]} for each in (summary, reference))
    kept = sorted(old, key=lambda name: (-old[name], name))[:20]
    found = [(float(own.get(name, 0)), float(old[name])) for name in kept]
    rest = [each["count"] - sum(pair[side] for pair in found) for side, each in enumerate((summary, reference))]
    return [*found, (rest[0], rest[1])]
