"""What a lookup may be asked with."""

from typing import Any

import pytest

from boathouse.features import FeatureLookup
from boathouse.foundation.errors import InvalidInput

TABLE = "dev.shop.weather"


def test_the_older_names_ask_for_one_feature() -> None:
    lookup = FeatureLookup(TABLE, lookup_key="origin", feature_name="temp", output_name="degrees")
    assert lookup == FeatureLookup(
        TABLE, lookup_key=["origin"], feature_names=["temp"], rename_outputs={"temp": "degrees"}
    )


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"feature_name": "temp", "feature_names": ["temp"]}, "feature_names and feature_name"),
        ({"output_name": "degrees"}, "renames the one feature"),
        ({"feature_names": ["temp", "wind"], "output_name": "degrees"}, "renames the one feature"),
        ({"feature_name": "temp", "output_name": "a", "rename_outputs": {"temp": "b"}}, "renames the one feature"),
        ({"lookback_window": 3600}, "no timedelta"),
        ({"timestamp_lookup_key": ["a", "b"]}, "one column, not 2"),
    ],
)
def test_what_contradicts_itself_is_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        FeatureLookup(TABLE, lookup_key="origin", **asked)
