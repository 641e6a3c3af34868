"""A result of several chunks as one file of each kind."""

import io
from datetime import date

import pyarrow as pa
import pytest
from pyarrow import parquet

from boathouse.session.statements.exporting import FileKind, exported

CHUNKS = [
    pa.table({"a,b": ["x\ny", None], "day": [date(2013, 1, 1), None]}),
    pa.table({"a,b": ['"q"', "<b>"], "day": [None, date(2013, 1, 2)]}),
]


def test_csv_has_one_header() -> None:
    text = b"".join(exported(FileKind.CSV, CHUNKS)).decode()

    assert text == '"a,b",day\n"x\ny",2013-01-01\n,\n"""q""",\n<b>,2013-01-02\n'


@pytest.mark.parametrize("kind", [FileKind.ARROW, FileKind.PARQUET])
def test_other_files_hold_all_rows_and_their_types(kind: FileKind) -> None:
    data = b"".join(exported(kind, CHUNKS))
    read = parquet.read_table(io.BytesIO(data)) if kind is FileKind.PARQUET else pa.ipc.open_stream(data).read_all()

    assert read.equals(pa.concat_tables(CHUNKS))


def test_spans_of_time_are_text_where_a_file_has_no_type_for_them() -> None:
    spans = pa.table({"n": [1, 2], "span": pa.array([pa.MonthDayNano([0, 3, 0]), None])})

    read = parquet.read_table(io.BytesIO(b"".join(exported(FileKind.PARQUET, [spans]))))

    assert read.column("n").to_pylist() == [1, 2]
    assert read.column("span").to_pylist() == ["3 days", None]
