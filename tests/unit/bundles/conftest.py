"""Bundles written into a folder, and what reading them gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from boathouse.bundles import Bundle, CurrentUser, Finding, InvalidBundle, Reading, read_bundle


@dataclass
class Folder:
    """A bundle's folder; ``read`` and ``errors`` look at it as ada.smith@lake.org."""

    root: Path

    def write(self, name: str, text: str) -> None:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text))

    def read(
        self,
        target: str | None = None,
        *,
        variables: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        host: str | None = None,
        force: bool = False,
    ) -> Bundle:
        user = CurrentUser("ada.smith@lake.org")
        return read_bundle(self.root, Reading(user, target, variables or {}, environment or {}, host, force))

    def payload(self, name: str, target: str | None = None, **reading: object) -> dict[str, object]:
        """The payload of ``schemas.main``, as it is sent."""
        found = self.read(target, **reading).desired(None)  # type: ignore[arg-type]
        return next(one.payload for one in found.resources if str(one.id) == name)

    def findings(self, target: str | None = None, **reading: object) -> tuple[Finding, ...]:
        try:
            return self.read(target, **reading).findings  # type: ignore[arg-type]
        except InvalidBundle as error:
            return error.findings

    def errors(self, target: str | None = None, **reading: object) -> list[str]:
        return [str(one) for one in self.findings(target, **reading) if one.severity == "error"]

    def remarks(self, target: str | None = None, **reading: object) -> list[str]:
        return [str(one) for one in self.findings(target, **reading) if one.severity != "error"]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture
def bundle(folder: Folder) -> Callable[..., Folder]:
    """Write ``databricks.yml`` and other files: ``bundle(text, **{"resources/jobs.yml": text})``."""

    def make(text: str, **others: str) -> Folder:
        folder.write("databricks.yml", text)
        for name, content in others.items():
            folder.write(name, content)
        return folder

    return make
