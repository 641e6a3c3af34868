"""What is scored in batch, and what came of it."""

from dataclasses import dataclass
from enum import StrEnum

PREDICTION = "prediction"
MODEL_VERSION = "model_version"


class Mode(StrEnum):
    """What becomes of what is there already."""

    APPEND = "append"
    OVERWRITE = "overwrite"
    MERGE = "merge"
    """Rows with a key that is there take its place; needs the key."""


@dataclass(frozen=True, slots=True)
class Scoring:
    """One batch that is wanted."""

    model: str
    """``models:/catalog.schema.model@champion``, or shorter: ``catalog.schema.model@3``."""
    source: str
    """The name of a table or view, or a query."""
    output: str
    """The name of a table; a file in a volume that ends with .parquet or .csv; or the address of a database."""
    mode: Mode = Mode.APPEND
    key: tuple[str, ...] = ()
    """Columns that name a row of the output."""
    table: str | None = None
    """Of a database: ``table`` or ``schema.table``."""
    keep: tuple[str, ...] | None = None
    """Columns of the source that stand beside the predictions; all by default."""
    prediction: str = PREDICTION
    """The name of the column with the predictions."""
    result_type: str | None = None
    """The Spark SQL type of the predictions; as the model gives them by default."""
    run_key: str | None = None
    """Of several attempts with the same one, one lands."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What came of it."""

    model: str
    version: int
    output: str
    rows: int
    """0 when an earlier attempt had landed."""
    table_version: int | None = None
    """Of a governed table."""
    is_repeated: bool = False
    """Whether an earlier attempt of the same run had landed already, so that nothing was done."""
