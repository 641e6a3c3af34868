"""Whether requests were answered with the features that the table had: as the skew meter has measured it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from nicegui import ui

from boathouse.features.tables.feature_tables import FeatureTable
from boathouse.server.ui import addresses
from boathouse.server.ui.pages.endpoints.telling import per_cent
from boathouse.server.ui.parts.empty import empty
from boathouse.server.ui.parts.grid import Linked, State, grid
from boathouse.server.ui.parts.later import later
from boathouse.server.ui.parts.layout import card
from boathouse.server.ui.parts.plots import over_time
from boathouse.server.ui.parts.states import Tone
from boathouse.server.ui.parts.text import note, words
from boathouse.server.ui.visitor import Visitor
from boathouse.serving.skew.reports import MeasuredSkew

MOST_LINES = 6
ALARMING = 0.01
"""A share of values that differ for no reason, from which on a canary is aborted by default."""
_OF_FEATURES = ("Feature", "Measured last", "Rows", "Mismatches", "Skew", "Worst so far", "Late", "Corrected since")
_OF_VERSIONS = ("Measured", "Feature", "Version", "Rows", "Mismatches", "Skew", "Late", "Corrected since", "Endpoint")


async def skew_tab(visitor: Visitor, table: FeatureTable) -> None:
    with card("Skew"):
        note(
            "The share of feature values that requests were answered with and that differ from the table as it was"
            " then, for no known reason. What came late to the online store, and what was corrected since, is apart."
        )
        later(lambda: _measured(visitor, table), "Reading what was measured …")


async def _measured(visitor: Visitor, table: FeatureTable) -> None:
    found = await visitor.ask(visitor.plane.serving.looking.skew.of, source=table.name)
    if not found:
        empty(
            "Nothing was measured of its features that you may read.",
            "The task measure_skew of a job measures an endpoint's: see the guide on skew.",
        )
        return
    over_time(
        lines_of(found),
        label=f"Skew of the features of {table.name} in percent",
        thresholds={"1 %": ALARMING * 100},
        height_pixels=240,
    )
    grid(_OF_FEATURES, rows_of(found), label="Skew by feature")
    with ui.element("details"):
        words(f"All {len(found):,} measurements, version by version", "summary")
        rows = [_row(each) for each in sorted(found, key=lambda each: each.measured_at, reverse=True)]
        grid(_OF_VERSIONS, rows, label="Measurements")


@dataclass(frozen=True, slots=True)
class _Together:
    """A feature in one measurement, all versions together."""

    rows: int
    mismatches: int
    late: int
    corrected: int

    @property
    def rate(self) -> float | None:
        return self.mismatches / self.rows if self.rows else None


def together(found: Sequence[MeasuredSkew]) -> dict[str, dict[datetime, _Together]]:
    """By feature and instant."""
    sums: dict[str, dict[datetime, _Together]] = {}
    for each in found:
        of_feature = sums.setdefault(each.feature, {})
        known = of_feature.get(each.measured_at, _Together(0, 0, 0, 0))
        of_feature[each.measured_at] = _Together(
            known.rows + each.rows,
            known.mismatches + each.mismatches,
            known.late + each.late,
            known.corrected + each.corrected,
        )
    return sums


def lines_of(found: Sequence[MeasuredSkew]) -> dict[str, list[tuple[datetime, float | None]]]:
    """A line in percent for each of the features that differ most; the others share one."""
    sums = together(found)
    worst = {name: _worst(of_feature) for name, of_feature in sums.items()}
    shown = sorted((name for name, rate in worst.items() if rate > 0), key=lambda name: -worst[name])[:MOST_LINES]
    lines: dict[str, list[tuple[datetime, float | None]]] = {name: _line(sums[name]) for name in shown}
    rest: dict[datetime, float | None] = {}
    for name, of_feature in sums.items():
        for at, measured in of_feature.items():
            if name not in lines and measured.rate is not None:
                rest[at] = max(rest.get(at) or 0.0, measured.rate * 100)
    others = "the others, at most" if shown else "all features, at most"
    return lines | ({others: sorted(rest.items())} if rest else {})


def rows_of(found: Sequence[MeasuredSkew]) -> list[list[object]]:
    """A line for each feature: its last measurement, the worst one beside it."""
    rows: list[list[object]] = []
    for name, of_feature in sorted(together(found).items()):
        at, last = max(of_feature.items())
        worst = _worst(of_feature)
        rows.append(
            [name, at, last.rows, last.mismatches, _cell(last.rate), per_cent(worst), last.late, last.corrected]
        )
    return rows


def _worst(of_feature: Mapping[datetime, _Together]) -> float:
    return max((each.rate or 0.0 for each in of_feature.values()), default=0.0)


def _line(of_feature: Mapping[datetime, _Together]) -> list[tuple[datetime, float | None]]:
    return [(at, None if each.rate is None else each.rate * 100) for at, each in sorted(of_feature.items())]


def _row(each: MeasuredSkew) -> list[object]:
    version = (
        each.model
        if each.version is None
        else Linked(f"version {each.version}", addresses.model_version(each.model, each.version))
    )
    return [
        each.measured_at, each.feature, version, each.rows, each.mismatches, _cell(each.rate), each.late,
        each.corrected, Linked(each.endpoint, addresses.endpoint(each.endpoint)),
    ]  # fmt: skip


def _cell(rate: float | None) -> State | None:
    if rate is None:
        return None
    return State(per_cent(rate), Tone.BAD if rate > ALARMING else Tone.GOOD)
