"""What the bundle tells a task, as ``--name=value``."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flights.clocks import SETTLED_AFTER, Windows, parse_as_of


@dataclass(frozen=True, slots=True)
class Arguments:
    """Where a task works, and when it stands."""

    schema: str
    """``prod.flights``: where this target keeps its tables and its model."""
    as_of: datetime
    """The present. Nothing that happened later is visible."""
    sample_percent: int
    """How many of a hundred aircraft take part."""
    experiment: str
    shuffle_labels: bool
    """Learn from shuffled outcomes: a candidate that the gates have to stop."""
    endpoint: str
    since: datetime | None
    """Where the stretch begins: the tables stand there, and from then on the desk asks."""
    hours: int
    """In how many hours of the stretch it asks."""
    land: bool
    """Whether the raw files come first."""

    @classmethod
    def read(cls, given: Sequence[str] | None = None, *, present: datetime | None = None) -> "Arguments":
        """What the task was given; ``present`` is for those that are not told when they stand."""
        parser = argparse.ArgumentParser()
        parser.add_argument("--schema", required=True)
        parser.add_argument("--as_of", required=present is None, default=present, type=parse_as_of)
        parser.add_argument("--sample_percent", type=int, default=100)
        parser.add_argument("--experiment", default="")
        parser.add_argument("--shuffle_labels", type=lambda text: text == "yes", default=False)
        parser.add_argument("--endpoint", default="")
        parser.add_argument("--since", type=lambda text: parse_as_of(text) if text else None)
        parser.add_argument("--hours", type=int, default=6)
        parser.add_argument("--land", type=lambda text: text == "yes", default=False)
        return cls(**vars(parser.parse_args(given)))

    @property
    def windows(self) -> Windows:
        return Windows.before(self.as_of)

    @property
    def unsettled(self) -> datetime | None:
        """Flights that were to leave before have come to their end, and stand in the tables as they will stay; None
        where no table stands yet."""
        return None if self.since is None else self.since - SETTLED_AFTER

    @property
    def model(self) -> str:
        return self.table("delay_model")

    def table(self, name: str) -> str:
        return f"{self.schema}.{name}"

    def landing(self, name: str) -> str:
        """The path of a raw file in this target's volume."""
        catalog, schema = self.schema.split(".")
        return f"/Volumes/{catalog}/{schema}/landing/{name}.csv"
