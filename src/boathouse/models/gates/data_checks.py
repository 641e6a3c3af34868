"""What the gates of training and of evaluation data have in common: rows beside those that were accepted before."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import Field

from boathouse.models.evaluation.case import Case
from boathouse.models.evidence.nouns import Measurement, Rule
from boathouse.models.gates.contract import GateSettings
from boathouse.models.gates.unmeasured import unmeasured

if TYPE_CHECKING:
    import polars as pl

SCHEMA, NULLS, DRIFTED, OUTLIERS = "schema_changes", "null_increase", "drifted_share", "outlier_increase"
_SHOWN = 30
_NAMED = 5


class DataSettings(GateSettings):
    """Limits of what may differ from the rows that were accepted before."""

    ignore_columns: list[str] = Field(default_factory=list[str])
    """Not compared: columns that differ by nature, as the month."""
    maximum_schema_changes: int = Field(default=0, ge=0)
    """Columns that are gone, or of another kind."""
    maximum_null_increase: float = Field(default=0.1, ge=0, le=1)
    """How much larger the share of missing values of a column may be."""
    maximum_drifted_share: float = Field(default=0.5, ge=0, le=1)
    """Share of the columns that may have another distribution."""
    stability_index: float = Field(default=0.25, gt=0)
    """From this population stability index on, a column has another distribution, if that is not chance."""
    maximum_outlier_increase: float = Field(default=0.1, ge=0, le=1)
    """How much larger the share of numbers far out may be."""
    minimum_rows: int = Field(default=100, ge=1)
    """Of each side; fewer say nothing of a distribution."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Rows, what they are compared with, and how that is called in evidence."""

    gate: str
    rows: "pl.DataFrame"
    reference: "pl.DataFrame"
    baseline: str
    columns: Sequence[str]
    expected: Sequence[str]
    """Columns that have to be there: whether they are is counted as a change of the schema."""


def compared(found: Compared, settings: DataSettings, seed: int) -> Iterator[Measurement]:
    """Schema, missing values, distributions and outliers of rows beside their reference."""
    wanted = [name for name in found.columns if name not in settings.ignore_columns]
    yield _schema(found, [name for name in found.expected if name not in settings.ignore_columns])
    shared = [name for name in wanted if name in found.rows.columns and name in found.reference.columns]
    if not shared:
        why = f"they have no column in common with {found.baseline}"
        yield from unmeasured(found.gate, (NULLS, DRIFTED, OUTLIERS), why, rows=found.rows.height)
        return
    yield _nulls(found, shared)
    yield _drifted(found, shared, settings, seed)
    yield _outliers(found, shared, settings)


def rules_of(gate: str, settings: DataSettings) -> list[Rule]:
    least = settings.minimum_rows
    return [
        Rule(gate, SCHEMA, maximum=settings.maximum_schema_changes),
        Rule(gate, NULLS, maximum=settings.maximum_null_increase, minimum_rows=least),
        Rule(gate, DRIFTED, maximum=settings.maximum_drifted_share, minimum_rows=least),
        Rule(gate, OUTLIERS, maximum=settings.maximum_outlier_increase, minimum_rows=least),
    ]


def inputs_of(case: Case, frame: "pl.DataFrame") -> list[str]:
    """What the model takes; where that is not known, all columns but keys, instants and the label."""
    if case.scorer is not None and case.scorer.inputs:
        return list(case.scorer.inputs)
    source = case.requirements.evaluation
    of_use = {source.label, source.timestamp, source.group, source.naive_column, *source.keys}
    return [name for name in frame.columns if name not in of_use]


def _schema(found: Compared, expected: Sequence[str]) -> Measurement:
    from boathouse.quality.schema import schema_changes

    changes = schema_changes(found.rows, found.reference, expected)
    gone = [name for name in expected if name not in found.rows.columns and name not in found.reference.columns]
    breaking = [each for each in changes if each.breaks]
    said = [
        {"column": each.column, "change": each.change, "before": each.before, "after": each.after} for each in changes
    ] + [{"column": name, "change": "missing", "before": None, "after": None} for name in gone]
    count = len(breaking) + len(gone)
    broken = [*(each.column for each in breaking), *gone]
    details = {"changes": said[:_SHOWN], "columns": len(expected), "which": named(broken)}
    return Measurement(found.gate, SCHEMA, float(count), found.rows.height, baseline=found.baseline, details=details)


def _nulls(found: Compared, columns: Sequence[str]) -> Measurement:
    from boathouse.quality.missingness import missing_values

    shares = missing_values(found.rows, found.reference, columns)
    known = sorted(
        ((each.increase, each) for each in shares if each.increase is not None), key=lambda pair: pair[0], reverse=True
    )
    shown = [{"column": each.column, "share": each.share, "before": each.reference_share} for _, each in known[:_SHOWN]]
    worst = known[0][0] if known else None
    return _measured(
        found,
        NULLS,
        worst,
        {"columns": shown, "which": named(each.column for _, each in known[:1])},
        "there are no rows",
    )


def _drifted(found: Compared, columns: Sequence[str], settings: DataSettings, seed: int) -> Measurement:
    from boathouse.quality.drift import MOST_ROWS, drifts

    looked_at = drifts(found.rows, found.reference, columns, minimum_rows=settings.minimum_rows, seed=seed)
    known = [each for each in looked_at if each.stability_index is not None]
    moved = [each for each in known if each.has_drifted(settings.stability_index)]
    shown = [
        {
            "column": each.column,
            "stability_index": each.stability_index,
            "jensen_shannon": each.jensen_shannon,
            "test": each.test,
            "statistic": each.statistic,
            "p_value": each.p_value,
            "drifted": each in moved,
        }
        for each in known[:_SHOWN]
    ]
    problems = {each.column: each.problem for each in looked_at if each.problem}
    details: dict[str, Any] = {"columns": shown, "not_compared": dict(list(problems.items())[:_SHOWN])}
    details["which"] = named(each.column for each in moved)
    details["sampled_rows"] = min(MOST_ROWS, found.rows.height)
    share = len(moved) / len(known) if known else None
    why = next(iter(problems.values()), None) or "no column could be compared"
    return _measured(found, DRIFTED, share, details, why)


def _outliers(found: Compared, columns: Sequence[str], settings: DataSettings) -> Measurement:
    from boathouse.quality.columns import Kind, kind_of
    from boathouse.quality.outliers import outliers

    if not any(kind_of(found.rows.schema[name]) is Kind.NUMBER for name in columns):
        return _measured(found, OUTLIERS, 0.0, {"note": "no column holds numbers"}, "")
    looked_at = outliers(found.rows, found.reference, columns, minimum_rows=settings.minimum_rows)
    known = sorted(
        ((each.increase, each) for each in looked_at if each.increase is not None),
        key=lambda pair: pair[0],
        reverse=True,
    )
    shown = [
        {"column": each.column, "share": each.share, "before": each.reference_share, "low": each.low, "high": each.high}
        for _, each in known[:_SHOWN]
    ]
    without_range = [each for each in looked_at if each.share is None and each.problem and "no range" in each.problem]
    if not known and looked_at and len(without_range) == len(looked_at):
        return _measured(found, OUTLIERS, 0.0, {"note": "no column has a range to be outside of"}, "")
    why = next((each.problem for each in looked_at if each.problem), None) or "no column of numbers could be compared"
    which = named(each.column for _, each in known[:1])
    return _measured(found, OUTLIERS, known[0][0] if known else None, {"columns": shown, "which": which}, why)


def named(columns: Iterable[str]) -> str:
    """The first columns by name, and how many more there are."""
    names = list(columns)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


def _measured(
    found: Compared, metric: str, value: float | None, details: Mapping[str, Any], why_not: str
) -> Measurement:
    rows = min(found.rows.height, found.reference.height)
    problem = why_not if value is None else None
    return Measurement(
        found.gate, metric, value, rows, baseline=found.baseline, problem=problem, details=details
    )  # fmt: skip
