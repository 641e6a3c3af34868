# pyright: reportUnknownParameterType=false
"""Into a file of a volume, Parquet or CSV: it is there whole or not at all."""

import tempfile
from pathlib import Path

from boathouse.foundation.errors import InvalidInput
from boathouse.serving.batch.scoring import ScoredRows
from boathouse.session import Session

VOLUMES = "/Volumes/"


def write(session: Session, path: str, rows: ScoredRows) -> None:
    """Write all rows; a file of that name is replaced.

    Raises:
        InvalidInput: The name says neither Parquet nor CSV.
        NotFound, Denied: The volume cannot be written.
    """
    form = Path(path).suffix.lower()
    if form not in (".parquet", ".csv"):
        raise InvalidInput(
            f"{path} says neither Parquet nor CSV.",
            hint="Let its name end with .parquet or .csv; nothing else is made.",
        )
    with tempfile.TemporaryDirectory(prefix="boathouse-score-") as folder:
        draft = Path(folder, f"rows{form}")
        if form == ".parquet":
            _parquet(draft, rows)
        else:
            _csv(draft, rows)
        session.upload(path, draft)


def _parquet(file: Path, rows: ScoredRows) -> None:
    from pyarrow import parquet

    with parquet.ParquetWriter(file, rows.schema, compression="zstd") as writer:
        for table in rows.tables():
            writer.write_table(table)


def _csv(file: Path, rows: ScoredRows) -> None:
    import pyarrow as pa
    from pyarrow import csv

    nested = [field.name for field in rows.schema if pa.types.is_nested(field.type)]
    if nested:
        raise InvalidInput(f"Column {nested[0]} has several values per row, which a CSV has no form for.")
    with csv.CSVWriter(file, rows.schema) as writer:
        for table in rows.tables():
            writer.write_table(table)
