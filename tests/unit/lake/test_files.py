"""CSV, JSON and Parquet files as sources; a broken row is named by file and line."""

import datetime
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.lake import BrokenFile, DuckDBEngine, EngineQuery, FileFormat, FileOptions, FileSource

Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def file(text: str | bytes, name: str = "trips.csv") -> str:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return file


def _read(*paths: str, kind: FileFormat = FileFormat.CSV, columns: dict[str, str] | None = None, **options: Any) -> Any:
    source = FileSource(paths, kind, FileOptions.parse(options), columns)
    return DuckDBEngine().run(EngineQuery("SELECT * FROM f", files={"f": source})).arrow()


def test_names_come_from_the_header_and_types_from_all_rows(write: Write) -> None:
    path = write(
        "id,name,ratio,day,moment,zoned,yes,code,mixed,empty\n"
        "1,x,1,2013-01-01,2013-01-01 10:00:00,2013-01-01T10:00:00Z,true,007,1,\n"
        "2,,1.5,2013-12-31,2013-01-01 11:30:00,2013-01-01T10:00:00+02:00,FALSE,010,x,\n"
    )

    table = _read(path)

    assert table.schema.types == [
        *(pa.int64(), pa.string(), pa.float64(), pa.date32(), pa.timestamp("us"), pa.timestamp("us", "UTC")),
        *(pa.bool_(), pa.string(), pa.string(), pa.string()),
    ]
    assert table["name"].to_pylist() == ["x", None]
    assert table["code"].to_pylist() == ["007", "010"]
    assert table["zoned"].to_pylist()[1] == datetime.datetime(2013, 1, 1, 8, tzinfo=datetime.UTC)


def test_a_value_far_down_the_file_decides_the_type_too(write: Write) -> None:
    path = write("id\n" + "\n".join(str(number) for number in range(50_000)) + "\nnone of these\n")

    assert _read(path).schema.types == [pa.string()]


def test_a_wider_type_is_taken_where_the_narrowest_fits_only_the_first_rows(write: Write) -> None:
    rows = "\n".join(f"{number},,2013-01-01" for number in range(5_000))
    path = write(f"ratio,late,day\n{rows}\n0.5,7,2013-01-01 10:00:00\n")

    table = _read(path)

    assert table.schema.types == [pa.float64(), pa.int64(), pa.timestamp("us")]
    assert table["ratio"].to_pylist()[-2:] == [4_999.0, 0.5]


@pytest.mark.parametrize(
    ("row", "line", "reason"),
    [
        ("3,z,2013-01-03,extra", 4, "4 columns instead of 3"),
        ("3,z", 4, "2 columns instead of 3"),
        ('3,"z,2013-01-03', 4, "unterminated quote"),
        (b"3,\xff\xfe,2013-01-03", 4, "Invalid unicode"),
    ],
)
def test_a_broken_row_is_named_by_file_and_line(write: Write, row: str | bytes, line: int, reason: str) -> None:
    broken = row if isinstance(row, bytes) else row.encode()
    path = write(b"id,name,day\n1,x,2013-01-01\n2,y,2013-01-02\n" + broken + b"\n")

    with pytest.raises(BrokenFile, match=f"trips.csv:{line}: .*{reason}"):
        _read(path)


def test_the_broken_row_may_be_in_the_second_file(write: Write) -> None:
    good, bad = write("id,name\n1,x\n", "a.csv"), write("id,name\n1,x\n2\n", "b.csv")

    with pytest.raises(BrokenFile, match=r"b\.csv:3"):
        _read(good, bad)


def test_a_value_that_is_not_of_its_declared_type_is_named(write: Write) -> None:
    path = write("id,name\n1,x\ntwo,y\n")

    with pytest.raises(BrokenFile, match=r'trips.csv:3: .*column "id".*"two" to .BIGINT.'):
        _read(path, columns={"id": "BIGINT", "name": "VARCHAR"})


def test_declared_columns_must_be_those_of_the_header(write: Write) -> None:
    with pytest.raises(BrokenFile, match=r"trips.csv:1: the header is .*but the declared columns are"):
        _read(write("id,name\n1,x\n"), columns={"name": "VARCHAR", "id": "BIGINT"})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the file is empty"),
        ("id,ID\n1,2\n", "the header has the column 'ID' twice"),
        ("id,\n1,2\n", "column 2 of the header has no name"),
    ],
)
def test_a_header_that_cannot_be_is_refused(write: Write, text: str, reason: str) -> None:
    with pytest.raises(BrokenFile, match=reason):
        _read(write(text))


def test_files_with_different_headers_are_refused(write: Write) -> None:
    with pytest.raises(BrokenFile, match=r"b.csv:1: the header is \['id', 'nom'\]"):
        _read(write("id,name\n1,x\n", "a.csv"), write("id,nom\n1,x\n", "b.csv"))


def test_options_are_those_of_databricks(write: Write) -> None:
    path = write("1;'a;b';NA\n2;c;7\n")

    table = _read(path, header="false", SEP=";", quote="'", nullValue="NA")

    assert table.to_pydict() == {"_c0": [1, 2], "_c1": ["a;b", "c"], "_c2": [None, 7]}
    assert _read(path, header=False, sep=";", quote="'", inferSchema=False).schema.types == [pa.string()] * 3


def test_an_unknown_option_proposes_the_right_one() -> None:
    with pytest.raises(InvalidInput, match=r"no option 'heder' .*Did you mean header\?"):
        FileOptions.parse({"heder": "true"})
    with pytest.raises(InvalidInput, match="must be true or false"):
        FileOptions.parse({"header": "maybe"})
    with pytest.raises(InvalidInput, match="format 'avro'"):
        FileFormat.parse("avro")


def test_the_format_is_told_by_the_name() -> None:
    assert FileFormat.of("/data/x.CSV.gz") is FileFormat.CSV
    assert FileFormat.of("/data/x.ndjson") is FileFormat.JSON
    with pytest.raises(InvalidInput, match="does not tell its format"):
        FileFormat.of("/data/x.bin")


def test_packed_files_and_byte_order_marks_are_understood(write: Write) -> None:
    text = "\ufeffid,name\n1,x\n".encode()

    assert _read(write(text)).to_pydict() == {"id": [1], "name": ["x"]}
    assert _read(write(gzip.compress(text), "trips.csv.gz")).to_pydict() == {"id": [1], "name": ["x"]}


def test_json_lines_are_read_and_broken_ones_named(write: Write) -> None:
    good = write('{"id": 1, "tags": ["a"]}\n{"id": 2, "name": "x"}\n', "a.json")
    bad = write('{"id": 1}\n{"id": \n', "b.json")

    assert _read(good, kind=FileFormat.JSON).to_pydict() == {"id": [1, 2], "tags": [["a"], None], "name": [None, "x"]}
    with pytest.raises(BrokenFile, match=r"b.json:\d: not valid JSON"):
        _read(bad, kind=FileFormat.JSON)


def test_parquet_files_are_joined_by_name(tmp_path: Path, write: Write) -> None:
    pq.write_table(pa.table({"id": [1]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"name": ["x"], "id": [2]}), tmp_path / "b.parquet")
    paths = [str(tmp_path / name) for name in ("a.parquet", "b.parquet")]

    assert _read(*paths, kind=FileFormat.PARQUET).to_pydict() == {"id": [1, 2], "name": [None, "x"]}
    with pytest.raises(BrokenFile, match="not a Parquet file"):
        _read(write("PAR1 but not really", "c.parquet"), kind=FileFormat.PARQUET)


def test_a_file_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"no file .*nothing\.csv"):
        _read(str(tmp_path / "nothing.csv"))
    with pytest.raises(InvalidInput, match="climbs"):
        _read(str(tmp_path / ".." / "nothing.csv"))
    with pytest.raises(InvalidInput, match="no files"):
        FileSource((), FileFormat.CSV)


def test_names_with_quotes_and_unicode_work(write: Write) -> None:
    path = write('"it\'s","say ""hi""",ÅÄÖ\n1,2,3\n', 'it\'s "ü".csv')

    assert _read(path).to_pydict() == {"it's": [1], 'say "hi"': [2], "ÅÄÖ": [3]}


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=6), st.integers(-(2**40), 2**40)), min_size=1, max_size=5))
def test_what_python_writes_as_csv_comes_back(tmp_path_factory: pytest.TempPathFactory, rows: list[Any]) -> None:
    import csv

    path = tmp_path_factory.mktemp("csv") / "x.csv"
    kept = [(text.replace("\0", "").replace("\r", ""), number) for text, number in rows]
    with path.open("w", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerows([("text", "number"), *kept])

    table = _read(str(path), columns={"text": "VARCHAR", "number": "BIGINT"})

    assert table["number"].to_pylist() == [number for _, number in kept]
    assert [text or "" for text in table["text"].to_pylist()] == [text for text, _ in kept]
