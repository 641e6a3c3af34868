"""Models that end the process that loads them: after some deaths they are left alone, so that other endpoints answer.

A file names who is loading what. Whoever dies leaves it behind, and the next one counts.
"""

import os
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from boathouse.foundation.errors import Unavailable

MOST_DEATHS = 3
FORGOTTEN_AFTER_SECONDS = 600.0
FORGIVEN_AFTER_SECONDS = 10.0
"""Of what has loaded before: it is whole, and who died with it was most likely killed by something else."""
_LOADED = "loaded"


class LoadingDeaths:
    """Of the models of one home."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def loading(self, what: str) -> Generator[None]:
        """For as long as something is being loaded.

        Raises:
            Unavailable: It has ended its process too often.
        """
        key = sha256(what.encode()).hexdigest()[:24]
        deaths = [file for file in self._marks(key) if self._is_left_behind(file)]
        if len(deaths) >= MOST_DEATHS:
            raise Unavailable(
                f"Loading it has ended the process {len(deaths)} times.",
                hint="Its files may be damaged; it is tried again by itself.",
            )
        self._folder.mkdir(parents=True, exist_ok=True)
        ours = self._folder / f"{key}.{os.getpid()}"
        ours.touch()
        try:
            yield
            (self._folder / f"{key}.{_LOADED}").touch()
        finally:
            for file in [ours, *deaths]:  # what loads, or fails as it should, ends nobody
                file.unlink(missing_ok=True)

    def forget(self) -> None:
        """For a data plane that starts: workers of the one before ended with it, and not by what they loaded."""
        for file in self._marks("*"):
            if self._is_left_behind(file):
                file.unlink(missing_ok=True)

    def _marks(self, key: str) -> list[Path]:
        return list(self._folder.glob(f"{key}.[0-9]*"))

    def _is_left_behind(self, file: Path) -> bool:
        """Whether its writer has died, and not so long ago."""
        with suppress(ProcessLookupError, PermissionError):
            os.kill(int(file.suffix[1:]), 0)
            return False
        try:
            has_loaded = file.with_suffix(f".{_LOADED}").exists()
            counts_for = FORGIVEN_AFTER_SECONDS if has_loaded else FORGOTTEN_AFTER_SECONDS
            if time.time() - file.stat().st_mtime < counts_for:
                return True
            file.unlink()
        except FileNotFoundError:
            pass
        return False
