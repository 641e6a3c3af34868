"""Functions in Python: real processes, apart from the session and its rights."""

import gc
import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from boathouse.catalog import Function, Language, Parameter, Privilege, Securable, SecurableKind
from boathouse.foundation.errors import InvalidInput, NotFound, Unavailable
from boathouse.foundation.names import FunctionName
from boathouse.session import Session
from boathouse.session.python_functions import Limits, PythonProcess, call_function


def python(body: str, *parameters: str, returns: str = "INT", name: str = "dev.shop.f") -> str:
    signature = f"{name}({', '.join(parameters)}) RETURNS {returns}"
    return f"CREATE OR REPLACE FUNCTION {signature} LANGUAGE PYTHON AS $$\n{body}\n$$"


def test_each_row_goes_through_the_function(session: Session) -> None:
    session.sql(python("if word is None:\n    return 0\nreturn len(word) * n", "word STRING", "n INT DEFAULT 2"))
    rows = session.sql("SELECT dev.shop.f(w) AS n FROM VALUES ('it''s'), (NULL), ('größe') AS t(w)").rows()
    assert sorted(row["n"] for row in rows) == [0, 8, 10]
    assert session.sql("SELECT sum(dev.shop.f('ab', n => id)) AS s FROM range(0, 10000)").rows() == [{"s": 99990000}]


def test_every_type_comes_and_goes(session: Session) -> None:
    kinds = ["BOOLEAN", "TINYINT", "BIGINT", "FLOAT", "DOUBLE", "STRING", "BINARY", "DATE", "TIMESTAMP",
             "DECIMAL(10,2)", "ARRAY<STRING>", "STRUCT<a: INT, b: ARRAY<DOUBLE>>", "MAP<STRING, INT>"]  # fmt: skip
    values = ["true", "CAST(1 AS TINYINT)", "9000000000", "CAST(0.5 AS FLOAT)", "0.25D", "'x'", "CAST('y' AS BINARY)",
              "DATE'2020-02-03'", "TIMESTAMP'2020-02-03 04:05:06'", "1.25", "array('p', NULL)",
              "named_struct('a', 1, 'b', array(0.5D))", "map('k', 7)"]  # fmt: skip
    expected = [True, 1, 9000000000, 0.5, 0.25, "x", b"y", date(2020, 2, 3), datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC),
                Decimal("1.25"), ["p", None], {"a": 1, "b": [0.5]}, [("k", 7)]]  # fmt: skip
    for position, kind in enumerate(kinds):
        session.sql(python("return x", f"x {kind}", returns=kind, name=f"dev.shop.same{position}"))
    calls = ", ".join(f"dev.shop.same{position}({value})" for position, value in enumerate(values))
    assert list(session.sql(f"SELECT {calls}").rows()[0].values()) == expected


def test_pandas_is_there_for_who_uses_it_and_costs_nobody_else(session: Session) -> None:
    session.sql(python("import sys\nreturn 'pan' + 'das' in sys.modules", "n INT", returns="BOOLEAN"))
    assert session.sql("SELECT dev.shop.f(id) AS x FROM range(0, 2)").rows() == [{"x": False}] * 2
    session.sql(
        python("import pandas\nreturn day and pandas.to_datetime(day, utc=True)", "day STRING", returns="TIMESTAMP")
    )
    found = session.sql("SELECT dev.shop.f(d) AS x FROM VALUES ('2020-02-03'), (NULL) AS t(d)").rows()
    assert {row["x"] for row in found} == {datetime(2020, 2, 3, tzinfo=UTC), None}


def test_a_handler_may_stand_among_other_code(session: Session) -> None:
    code = "import math\nCALLS = []\ndef handle(x):\n    CALLS.append(x)\n    return math.isqrt(x) + len(CALLS) * 0"
    session.sql(f"CREATE FUNCTION dev.shop.f(x INT) RETURNS INT LANGUAGE PYTHON HANDLER 'handle' AS $$\n{code}\n$$")
    assert session.sql("SELECT dev.shop.f(17) AS x").rows() == [{"x": 4}]


def test_an_exception_names_function_row_line_and_reason(session: Session) -> None:
    session.sql(python("y = 10\nreturn y // x", "x INT"))
    message = r"Function dev\.shop\.f failed in row 3 .*line 2: ZeroDivisionError: integer division or modulo by zero"
    with pytest.raises(InvalidInput, match=message):
        session.sql("SELECT dev.shop.f(x) FROM VALUES (1), (2), (0) AS t(x)").rows()
    session.sql(python("return 'many'", "x INT"))
    with pytest.raises(InvalidInput, match="it returned 'many', which is no int32"):
        session.sql("SELECT dev.shop.f(1)").rows()


def test_the_code_sees_neither_token_nor_home_nor_other_files_of_ours(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOATHOUSE_TOKEN", "bhs_secret")
    body = "import os, sys\nreturn '|'.join([','.join(os.environ), str(os.listdir('.')), str(sys.flags.isolated)])"
    session.sql(python(body, returns="STRING"))
    environment, folder, isolated = session.sql("SELECT dev.shop.f() AS x").rows()[0]["x"].split("|")
    assert "BOATHOUSE" not in environment and "HOME" not in environment
    assert (folder, isolated) == ("[]", "1")


def test_printing_and_leaving_do_not_disturb_the_conversation(session: Session) -> None:
    session.sql(python("import sys\nprint('noise' * 1000)\nsys.stdout.flush()\nreturn x + 1", "x INT"))
    assert session.sql("SELECT dev.shop.f(1) AS x").rows() == [{"x": 2}]
    session.sql(python("raise SystemExit(3)", "x INT"))
    with pytest.raises(InvalidInput, match="SystemExit: 3"):
        session.sql("SELECT dev.shop.f(1)").rows()
    session.sql(python("import os\nos._exit(3)", "x INT"))
    with pytest.raises(Unavailable, match="ended: its exit code was 3"):
        session.sql("SELECT dev.shop.f(1)").rows()


def function(body: str, *names: str) -> Function:
    parameters = tuple(Parameter(name, "bigint") for name in names)
    securable = Securable("id", SecurableKind.FUNCTION, "dev.shop.f", "root")
    return Function(securable, Language.PYTHON, parameters, "bigint", body)


def test_memory_has_a_limit() -> None:
    with PythonProcess([function("return len(bytearray(n))", "n")], Limits(memory_bytes=512 << 20)) as process:
        with pytest.raises(InvalidInput, match="more memory than it may use"):
            process.call("dev.shop.f", [pa.array([1 << 30])], pa.int64(), 1)
        assert process.call("dev.shop.f", [pa.array([5])], pa.int64(), 1).to_pylist() == [5]


def test_a_batch_that_never_ends_is_ended() -> None:
    with PythonProcess([function("while True: pass", "n")], Limits(batch_seconds=1.5)) as process:
        with pytest.raises(Unavailable, match="took longer than"):
            process.call("dev.shop.f", [pa.array([1])], pa.int64(), 1)
        assert process.pid is None


def test_files_cannot_be_filled(tmp_path: Path) -> None:
    body = f"with open({str(tmp_path / 'x')!r}, 'w') as f: f.write('x' * 10)\nreturn 1"
    with PythonProcess([function(body, "n")]) as process, pytest.raises((InvalidInput, Unavailable)):
        process.call("dev.shop.f", [pa.array([1])], pa.int64(), 1)
    assert not (tmp_path / "x").exists() or (tmp_path / "x").read_text() == ""


def test_no_process_is_left_when_the_rows_are_read_or_given_up(session: Session) -> None:
    session.sql(python("import os\nreturn os.getpid()", "x INT"))
    result = session.sql("SELECT dev.shop.f(id) AS pid FROM range(0, 5000)")
    pids = {row["pid"] for row in result.rows()}
    assert len(pids) == 1  # one process for all batches
    assert not Path(f"/proc/{pids.pop()}").exists()
    half_read = iter(session.sql("SELECT dev.shop.f(id) AS pid FROM range(0, 500000)"))
    pid = next(half_read).column(0)[0].as_py()
    del half_read
    gc.collect()
    assert not Path(f"/proc/{pid}").exists() and os.getpid() != pid


def test_a_function_may_be_called_from_python(session: Session, session_of: Callable[..., Session]) -> None:
    session.sql(python("return a + b", "a INT", "b INT"))
    name, columns = FunctionName("dev", "shop", "f"), [pa.array([1, 2]), pa.array([10, 20])]
    assert call_function(session.law, session.principal, name, columns).to_pylist() == [11, 22]
    stranger = session_of("ann", Privilege.USE_SCHEMA)
    with pytest.raises(NotFound):
        call_function(stranger.law, stranger.principal, name, columns)
    with pytest.raises(InvalidInput, match="same number of rows"):
        call_function(session.law, session.principal, name, [pa.array([1]), pa.array([1, 2])])


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (python("return 1 +"), r"not Python \(line 1\)"),
        ("CREATE FUNCTION dev.shop.f() LANGUAGE PYTHON AS $$ return 1 $$", "needs RETURNS"),
        ("CREATE FUNCTION dev.shop.f() RETURNS INT LANGUAGE PYTHON AS $$ return 1", "not closed"),
        ("CREATE FUNCTION dev.shop.f() RETURNS INT LANGUAGE PYTHON AS $$ $$", "is empty"),
        ("CREATE FUNCTION dev.shop.f() RETURNS TABLE (x INT) LANGUAGE PYTHON AS $$ return 1 $$", "returns a table"),
        ("CREATE FUNCTION dev.shop.f() RETURNS INT LANGUAGE PYTHON HANDLER 'g' AS $$ x = 1 $$", "no function g"),
        ("CREATE FUNCTION dev.shop.f() RETURNS INT LANGUAGE PYTHON ENVIRONMENT (x = 'y') AS $$ return 1 $$",
         "ENVIRONMENT"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(session: Session, statement: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        session.sql(statement)
