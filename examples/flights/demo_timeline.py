"""The year on one screen: what happened when, and what the loop was worth beside the first model, left alone."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from demo_year import MODEL, Year
from flights.desk import Costs
from rich.markup import escape

from boathouse.foundation.rest import RestClient

COLOURS = {
    "fault": "red", "alert": "yellow", "incident": "yellow", "playbook": "cyan", "retraining": "magenta",
    "champion": "green", "model": "green", "month": "dim",
}  # fmt: skip
THOUSAND = 1000.0
HEAD = (
    f"  {'Month':<8}{'Flights':>9}  {'Versions':<10}{'AUC: loop':>9}{'first':>7}{'':>8}"
    f"{'USD 1,000: nobody acts':>25}{'first':>8}{'loop':>8}{'worth':>8}"
)


def timeline_lines(year: Year) -> Iterator[str]:
    """What happened, by the year's own clock."""
    if year.timeline:
        yield "[bold]The year in production[/]"
    for each in year.timeline:
        yield f"  {each.day}  [{COLOURS[each.kind]}]{each.kind:<10}[/]  {escape(each.text)}"


def year_rows() -> Sequence[Mapping[str, Any]]:
    """Every flight of the year with what was said of it; nothing when no year was lived through here."""
    import boathouse as bh

    if not bh.sql("SHOW TABLES IN prod.flights LIKE 'year'").rows():
        return ()
    return bh.sql(
        "SELECT month, late, model_version, first_version, late_probability, first_probability FROM prod.flights.year"
    ).rows()


def months(rows: Sequence[Mapping[str, Any]], costs: Costs) -> list[dict[str, Any]]:
    """A month a row, and all of them together."""
    by_month: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_month.setdefault(row["month"], []).append(row)
    found = [_figures(name, by_month[name], costs) for name in sorted(by_month)]
    return [*found, _figures("all", rows, costs)] if found else []


def months_lines(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The table, and above it what comes of it."""
    total, each_month = found[-1], found[:-1]
    gain = total["loop_value"] - total["first_value"]
    better = sum(each["loop_auc"] > each["first_auc"] for each in each_month)
    worse = sum(each["loop_auc"] < each["first_auc"] for each in each_month)
    said = "The loop was worth it" if gain > 0 else "The loop has not beaten the first model, left alone"
    yield (
        f"[bold]{said}[/]: {gain / THOUSAND:+,.0f} thousand USD; its AUC was better in {better} of {len(each_month)} "
        f"months, worse in {worse}"
    )
    yield HEAD
    for each in found:
        yield (
            f"  {each['month']:<8}{each['flights']:>9,}  {each['versions']:<10}{each['loop_auc']:>9.3f}"
            f"{each['first_auc']:>7.3f}{each['loop_auc'] - each['first_auc']:>+8.3f}"
            f"{each['nothing_value'] / THOUSAND:>25,.0f}{each['first_value'] / THOUSAND:>8,.0f}"
            f"{each['loop_value'] / THOUSAND:>8,.0f}{(each['loop_value'] - each['first_value']) / THOUSAND:>+8,.0f}"
        )
    yield (
        "  Over every flight that landed, by the features that were known when we were asked; money by the cost matrix "
        "of boathouse.yml."
    )


def costs_of(client: RestClient) -> Costs:
    """What the model's requirements say of money."""
    return Costs.of(client.get(f"/api/boathouse/v1/models/{MODEL}/requirements")["requirements"]["cost_matrix"])


def _figures(name: str, rows: Sequence[Mapping[str, Any]], costs: Costs) -> dict[str, Any]:
    from sklearn.metrics import roc_auc_score

    late = np.array([row["late"] for row in rows], dtype=bool)
    loop, first = (np.array([row[column] for row in rows]) for column in ("late_probability", "first_probability"))
    return {
        "month": name,
        "flights": len(rows),
        "versions": ",".join(str(each) for each in sorted({row["model_version"] for row in rows})),
        "loop_auc": float(roc_auc_score(late, loop)),
        "first_auc": float(roc_auc_score(late, first)),
        "nothing_value": costs.value(late, np.zeros(len(rows))),
        "first_value": costs.value(late, first),
        "loop_value": costs.value(late, loop),
    }
