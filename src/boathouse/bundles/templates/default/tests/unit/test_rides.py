from pathlib import Path

import pytest

from PROJECT_PACKAGE.rides import BadData, check_rides, read_rides

DATA = Path(__file__).parents[2] / "data" / "rides.csv"


def test_the_bundled_file_is_sound():
    assert len(read_rides(DATA)) == 420


def test_a_missing_day_is_noticed():
    rides = read_rides(DATA)
    with pytest.raises(BadData, match="missing or said twice"):
        check_rides(rides.filter(rides["day"] != rides["day"][10]))


def test_a_missing_value_is_noticed():
    rides = read_rides(DATA)
    with pytest.raises(BadData, match="values are missing"):
        check_rides(rides.with_columns(rides["rain_mm"].replace(rides["rain_mm"][0], None)))
