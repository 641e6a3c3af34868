"""Values that Python has no type for are text; everything else is as Arrow gives it."""

from datetime import UTC, date, datetime

import duckdb
import pytest

from boathouse.session.readable import readable_values
from boathouse.session.statements.formatting import text_rows


@pytest.mark.parametrize(
    ("literal", "expected"),
    [
        ("interval '1 year 2 months 3 days 4 hours 5.5 seconds'", "1 year 2 months 3 days 04:00:05.500000"),
        ("interval '-14 months'", "-1 year -2 months"),
        ("interval '-90 minutes'", "-01:30:00"),
        ("interval '0 seconds'", "00:00:00"),
        ("interval '100 hours'", "100:00:00"),
        ("timestamp '20000-01-01 00:00:00'", "20000-01-01 00:00:00.000000"),
        ("date '30000-01-01'", "30000-01-01"),
        ("date '2013-05-01'", date(2013, 5, 1)),
        ("timestamptz '2013-05-01 10:00:00+00'", datetime(2013, 5, 1, 10, tzinfo=UTC)),
        ("[1, 2]", [1, 2]),
    ],
)
def test_a_value_is_readable(literal: str, expected: object) -> None:
    table = duckdb.sql(f"SELECT {literal} AS v UNION ALL SELECT NULL ORDER BY v NULLS LAST").to_arrow_table()

    assert readable_values(table.column(0)) == [expected, None]
    assert text_rows(table)[1] == [None]
