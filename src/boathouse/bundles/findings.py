"""What is wrong or worth knowing in a bundle: collected, then told all at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from boathouse.bundles.nodes import Node
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.yaml_source import Position


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    IGNORED = "ignored"
    """A field that Databricks knows and Boathouse does not act on."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark about one place."""

    severity: Severity
    file: str
    """Relative to the bundle's folder where it lies inside."""
    line: int
    """Counted from 1; 0 for what does not come from a file, such as ``--var``."""
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"
        return f"{text} {self.hint}" if self.hint else text

    def to_json(self) -> dict[str, Any]:
        return {
            "severity": self.severity.value,
            "file": self.file,
            "line": self.line,
            "message": self.message,
            "hint": self.hint,
        }


class InvalidBundle(InvalidInput):
    """A bundle that cannot be deployed; ``findings`` holds everything that was noticed."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        errors = [finding for finding in findings if finding.severity is Severity.ERROR]
        count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
        super().__init__(f"The bundle has {count}:" + "".join(f"\n  {finding}" for finding in errors))


@dataclass(slots=True)
class Findings:
    """A notebook that the steps of loading write into."""

    root: Path
    found: dict[Finding, None] = field(default_factory=dict[Finding, None])
    """Each once, in the order in which they were noticed."""

    def error(self, where: Node | Position, message: str, hint: str | None = None) -> None:
        self._note(Severity.ERROR, where, message, hint)

    def warning(self, where: Node | Position, message: str, hint: str | None = None) -> None:
        self._note(Severity.WARNING, where, message, hint)

    def ignored(self, where: Node | Position, message: str) -> None:
        self._note(Severity.IGNORED, where, message, None)

    @property
    def has_errors(self) -> bool:
        return any(finding.severity is Severity.ERROR for finding in self.found)

    def sorted(self) -> list[Finding]:
        """Errors first, then by file and line."""
        order = list(Severity)
        return sorted(self.found, key=lambda one: (order.index(one.severity), one.file, one.line, one.message))

    def raise_errors(self) -> None:
        """
        Raises:
            InvalidBundle: Any error was noted.
        """
        if self.has_errors:
            raise InvalidBundle(self.sorted())

    def _note(self, severity: Severity, where: Node | Position, message: str, hint: str | None) -> None:
        position = where.where if isinstance(where, Node) else where
        self.found[Finding(severity, relative(position.file, self.root), position.line, message, hint)] = None


def relative(file: Path, root: Path) -> str:
    """The file as people type it in the bundle's folder."""
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)
