"""The nouns of a certificate: what was proven of a training set, with numbers, and what was not."""

import html
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from boathouse.foundation.errors import Conflict, InvalidInput

FORMAT = 1


class CertificateVerdict(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    """Nothing was measured: no row matched, or no lookup has an instant."""


class CheckVerdict(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not applicable"
    """There is nothing of the kind to check, as a boundary in a table without a clock."""


@dataclass(frozen=True, slots=True)
class Check:
    """One proof for one lookup or function."""

    name: str
    lookup: str
    """The table and what is looked up in it, or the function."""
    verdict: CheckVerdict
    measured: int
    """Rows that were compared."""
    violations: int
    explanation: str
    examples: tuple[Mapping[str, str], ...] = ()
    """A few violations, as text by column."""


@dataclass(frozen=True, slots=True)
class LookupFacts:
    """What a lookup found in all rows."""

    lookup: str
    rows: int
    matched: int
    expired: int
    """Values that were older than the look-back."""
    duplicates: int
    """Rows whose value was chosen among several with the same key and times."""
    differing: Mapping[str, int]
    """How many rows would get another value if known time were ignored, by feature: the leak of back-fills."""

    @property
    def matched_share(self) -> float:
        return self.matched / self.rows if self.rows else 0.0


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was proven of a training set.

    Example:
        certificate = training_set.certify()
        print(certificate)
        certificate.require()  # as a gate: raises unless it has passed
    """

    verdict: CertificateVerdict
    checks: tuple[Check, ...]
    lookups: tuple[LookupFacts, ...]
    rows: int
    as_of: str
    table_versions: Mapping[str, int]
    spec_hash: str
    """SHA-256 of the recipe."""
    sample: int
    """Rows that were recomputed."""
    seed: int
    boathouse_version: str
    made_at: str
    """ISO 8601, in UTC."""
    unchecked: tuple[str, ...] = field(default=())
    """Features that no proof speaks of: computed ones that the set leaves out."""

    @property
    def reasons(self) -> list[str]:
        """Why the certificate has not passed."""
        bad = (CheckVerdict.FAILED, CheckVerdict.INCONCLUSIVE)
        found = [f"{check.lookup}: {check.name}: {check.explanation}" for check in self.checks if check.verdict in bad]
        return found or (
            [] if self.verdict is CertificateVerdict.PASSED else ["There is nothing that could be proven."]
        )

    def require(self) -> "Certificate":
        """Raise unless the certificate has passed: for gates.

        Raises:
            Conflict: It has failed, or has measured nothing; the message has the reasons.
        """
        if self.verdict is CertificateVerdict.PASSED:
            return self
        said = "\n".join(f"- {reason}" for reason in self.reasons)
        if self.verdict is CertificateVerdict.FAILED:
            raise Conflict(
                f"The training set's certificate has failed:\n{said}", hint="Mend what it names and make it anew."
            )
        raise Conflict(
            f"The training set's certificate is inconclusive:\n{said}",
            hint="A gate that measured nothing does not pass: give the lookups an instant, and rows that match.",
        )

    def to_json(self) -> str:
        return json.dumps({"certificate": FORMAT, **asdict(self)}, indent=2, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Certificate":
        """The certificate that ``to_json`` has written.

        Raises:
            InvalidInput: The text is no certificate, or one of a newer format.
        """
        try:
            found: dict[str, Any] = json.loads(text)
            written = found.pop("certificate")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InvalidInput("This is no certificate of a training set.") from error
        if written != FORMAT:
            raise InvalidInput(
                f"The certificate has format {written!r}; this Boathouse reads {FORMAT}.", hint="Upgrade."
            )
        try:
            return _read(found)
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput(f"The certificate is damaged: {error}.") from error

    def __str__(self) -> str:
        lines = [
            f"Certificate of a training set: {self.verdict.upper()}",
            f"  {self.rows:,} rows with values as {_as_of(self.as_of)}; {self.sample:,} recomputed (seed {self.seed})",
            *(f"  reads {table} version {version}" for table, version in self.table_versions.items()),
        ]
        facts = {each.lookup: _fact_lines(each) for each in self.lookups}
        for subject in dict.fromkeys([*facts, *(check.lookup for check in self.checks)]):
            lines += ["", f"  {subject}", *(f"    {line}" for line in facts.get(subject, ()))]
            for check in self.checks:
                if check.lookup == subject:
                    lines.append(f"    {_MARKS[check.verdict]} {check.name}: {check.explanation}")
                    lines += [f"        {_example(example)}" for example in check.examples]
        if self.unchecked:
            lines += ["", f"  Not looked at: {', '.join(self.unchecked)} (computed, and left out of the set)."]
        if self.verdict is CertificateVerdict.INCONCLUSIVE and not self.checks:
            lines += ["", "  There is nothing that could be proven."]
        return "\n".join(
            [*lines, "", f"  Boathouse {self.boathouse_version}, {self.made_at}, recipe {self.spec_hash[:12]}"]
        )

    def _repr_html_(self) -> str:
        def cells(*texts: object, tag: str = "td") -> str:
            return "<tr>" + "".join(f"<{tag}>{html.escape(str(text))}</{tag}>" for text in texts) + "</tr>"

        checks = "".join(
            cells(check.verdict, check.lookup, check.name, check.explanation, "; ".join(map(_example, check.examples)))
            for check in self.checks
        )
        facts = "".join(cells(each.lookup, " ".join(_fact_lines(each))) for each in self.lookups)
        return (
            f"<p><b>Certificate: {html.escape(self.verdict)}</b>, {self.rows:,} rows, {self.sample:,} recomputed, "
            f"made {html.escape(self.made_at)}</p><table>{facts}</table>"
            f"<table>{cells('verdict', 'lookup', 'check', 'what was found', 'examples', tag='th')}{checks}</table>"
        )


_MARKS = {
    CheckVerdict.PASSED: "ok      ",
    CheckVerdict.FAILED: "FAILED  ",
    CheckVerdict.INCONCLUSIVE: "unknown ",
    CheckVerdict.NOT_APPLICABLE: "-       ",
}


def verdict_of(checks: tuple[Check, ...]) -> CertificateVerdict:
    """One failure fails; one proof that measured nothing, or none at all, leaves the question open."""
    verdicts = {check.verdict for check in checks}
    if CheckVerdict.FAILED in verdicts:
        return CertificateVerdict.FAILED
    if CheckVerdict.INCONCLUSIVE in verdicts or CheckVerdict.PASSED not in verdicts:
        return CertificateVerdict.INCONCLUSIVE
    return CertificateVerdict.PASSED


def _fact_lines(facts: LookupFacts) -> list[str]:
    lines = [f"{facts.matched:,} of {facts.rows:,} rows have a match ({facts.matched_share:.1%})."]
    if facts.expired:
        lines.append(f"{facts.expired:,} values are older than the look-back.")
    if facts.duplicates:
        lines.append(f"{facts.duplicates:,} rows had a choice between duplicates; the last one in the table counts.")
    differing = {name: count for name, count in facts.differing.items() if count}
    if differing:
        said = ", ".join(f"{name} in {count:,} rows" for name, count in differing.items())
        lines.append(f"If known time were ignored, values would leak from the future: {said}.")
    return lines


def _as_of(as_of: str) -> str:
    return "known at the time" if as_of == "known" else "corrected since"


def _example(example: Mapping[str, str]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in example.items())


def _read(found: Mapping[str, Any]) -> Certificate:
    return Certificate(
        verdict=CertificateVerdict(found["verdict"]),
        checks=tuple(
            Check(
                each["name"], each["lookup"], CheckVerdict(each["verdict"]), int(each["measured"]),
                int(each["violations"]), each["explanation"], tuple(dict(example) for example in each["examples"]),
            )
            for each in found["checks"]
        ),
        lookups=tuple(LookupFacts(**each) for each in found["lookups"]),
        rows=int(found["rows"]),
        as_of=found["as_of"],
        table_versions=dict(found["table_versions"]),
        spec_hash=found["spec_hash"],
        sample=int(found["sample"]),
        seed=int(found["seed"]),
        boathouse_version=found["boathouse_version"],
        made_at=found["made_at"],
        unchecked=tuple(found["unchecked"]),
    )  # fmt: skip
