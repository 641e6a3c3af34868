"""The nouns of leak signals: what was looked at, how strong it is, from where on it is suspicious, what to do."""

import html
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

import polars as pl


class LeakVerdict(StrEnum):
    SUSPICIOUS = "suspicious"
    CLEAR = "clear"
    NOT_MEASURED = "not measured"
    """There was too little to look at; the explanation says of what."""


@dataclass(frozen=True, slots=True)
class LeakSignal:
    """One way in which a training set may know more than it will know in use, looked at for one column."""

    name: str
    column: str
    score: float | None
    """What was measured; None where nothing was."""
    threshold: float
    """The signal is suspicious from this score on."""
    verdict: LeakVerdict
    explanation: str
    advice: str = ""

    @property
    def is_suspicious(self) -> bool:
        return self.verdict is LeakVerdict.SUSPICIOUS


@dataclass(frozen=True, slots=True)
class LeakReport(Sequence[LeakSignal]):
    """All signals, the suspicious ones first."""

    signals: tuple[LeakSignal, ...]

    @property
    def suspicious(self) -> list[LeakSignal]:
        return [signal for signal in self.signals if signal.is_suspicious]

    def __len__(self) -> int:
        return len(self.signals)

    def __getitem__(self, index: int) -> LeakSignal:  # type: ignore[override]
        return self.signals[index]

    def __iter__(self) -> Iterator[LeakSignal]:
        return iter(self.signals)

    def of(self, name: str, column: str | None = None) -> list[LeakSignal]:
        """The signals of one name, and of one column where it is given."""
        return [each for each in self.signals if each.name == name and column in (None, each.column)]

    def frame(self) -> pl.DataFrame:
        """One row per signal."""
        schema = {"name": pl.String, "column": pl.String, "score": pl.Float64, "threshold": pl.Float64,
                  "verdict": pl.String, "explanation": pl.String, "advice": pl.String}  # fmt: skip
        return pl.DataFrame([_plain(signal) for signal in self.signals], schema=schema)

    def to_json(self) -> str:
        return json.dumps({"leak_signals": [_plain(signal) for signal in self.signals]}, indent=2)

    def __str__(self) -> str:
        counts = _counts(self.signals)
        lines = [f"Leak signals: {counts}"]
        for signal in self.suspicious:
            lines += [f"  {signal.name}: {signal.column}", f"    {signal.explanation}", f"    {signal.advice}"]
        lines += [
            f"  not measured: {signal.name}: {signal.column}: {signal.explanation}"
            for signal in self.signals
            if signal.verdict is LeakVerdict.NOT_MEASURED
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        def cell(text: object) -> str:
            return f"<td>{html.escape(str(text))}</td>"

        rows = "".join(
            "<tr>"
            + cell(signal.verdict)
            + cell(signal.name)
            + cell(signal.column)
            + cell("" if signal.score is None else f"{signal.score:.3g}")
            + cell(f"{signal.threshold:.3g}")
            + cell(f"{signal.explanation} {signal.advice if signal.is_suspicious else ''}")
            + "</tr>"
            for signal in self.signals
        )
        heads = "".join(f"<th>{head}</th>" for head in ("verdict", "signal", "column", "score", "threshold", ""))
        return f"<p>Leak signals: {_counts(self.signals)}</p><table><tr>{heads}</tr>{rows}</table>"


def judged(name: str, column: str, score: float, threshold: float, explanation: str, advice: str) -> LeakSignal:
    """A signal that was measured."""
    verdict = LeakVerdict.SUSPICIOUS if score >= threshold else LeakVerdict.CLEAR
    return LeakSignal(name, column, score, threshold, verdict, explanation, advice)


def not_measured(name: str, column: str, threshold: float, why: str) -> LeakSignal:
    return LeakSignal(name, column, None, threshold, LeakVerdict.NOT_MEASURED, why)


def sorted_report(signals: Sequence[LeakSignal]) -> LeakReport:
    order = [LeakVerdict.SUSPICIOUS, LeakVerdict.NOT_MEASURED, LeakVerdict.CLEAR]
    return LeakReport(tuple(sorted(signals, key=lambda each: (order.index(each.verdict), -(each.score or 0)))))


def _plain(signal: LeakSignal) -> dict[str, object]:
    return {**asdict(signal), "verdict": str(signal.verdict)}


def _counts(signals: Sequence[LeakSignal]) -> str:
    return ", ".join(f"{sum(signal.verdict is verdict for signal in signals)} {verdict}" for verdict in LeakVerdict)
