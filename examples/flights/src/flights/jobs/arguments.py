"""What the bundle tells a task, as ``--name=value``."""

import argparse
from dataclasses import dataclass
from datetime import datetime

from flights.clocks import Windows, parse_as_of


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

    @classmethod
    def read(cls) -> "Arguments":
        parser = argparse.ArgumentParser()
        parser.add_argument("--schema", required=True)
        parser.add_argument("--as_of", required=True, type=parse_as_of)
        parser.add_argument("--sample_percent", type=int, default=100)
        parser.add_argument("--experiment", default="")
        parser.add_argument("--shuffle_labels", type=lambda text: text == "yes", default=False)
        return cls(**vars(parser.parse_args()))

    @property
    def windows(self) -> Windows:
        return Windows.before(self.as_of)

    @property
    def model(self) -> str:
        return self.table("delay_model")

    def table(self, name: str) -> str:
        return f"{self.schema}.{name}"

    def landing(self, name: str) -> str:
        """The path of a raw file in this target's volume."""
        catalog, schema = self.schema.split(".")
        return f"/Volumes/{catalog}/{schema}/landing/{name}.csv"
