"""The columns of a request as the types that functions were trained with."""

from datetime import UTC, date, datetime

import pytest

from boathouse.features.feature_spec import FeatureSpec
from boathouse.foundation.errors import InvalidInput
from boathouse.serving.answering.request_frame import request_frame

SPEC = FeatureSpec((), frame=(("asked_at", "timestamp"), ("seen_at", "timestamp_ntz"), ("day", "date")), inputs=())


def only(name: str, *values: object) -> list[object]:
    return request_frame([{name: value} for value in values], {}, SPEC, [name]).column(name).to_pylist()


def test_an_instant_without_a_zone_is_one_of_utc() -> None:
    noon = datetime(2013, 12, 1, 12, tzinfo=UTC)
    told = only("asked_at", "2013-12-01T12:00:00", "2013-12-01T12:00:00Z", "2013-12-01 14:00:00+02:00", None)
    assert told == [noon, noon, noon, None]
    assert only("seen_at", "2013-12-01T14:00:00+02:00") == [noon.replace(tzinfo=None)]


def test_a_day_may_have_a_time() -> None:
    assert only("day", "2013-12-01", "2013-12-01T00:00:00", "2013-12-01T00:00:00Z") == [date(2013, 12, 1)] * 3


def test_what_is_no_instant_is_refused() -> None:
    for name in ("asked_at", "day"):
        with pytest.raises(InvalidInput, match=f"The values of column {name} cannot be"):
            only(name, "soon")
