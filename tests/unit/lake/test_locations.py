"""URLs outside, paths inside."""

from pathlib import Path

import pytest

from boathouse.foundation.errors import InvalidInput
from boathouse.lake import as_url, local_path


@pytest.mark.parametrize(
    ("location", "path", "url"),
    [
        ("/data/trips", "/data/trips", "file:///data/trips"),
        ("/data/my trips/", "/data/my trips", "file:///data/my%20trips"),
        ("file:///data/my%20trips", "/data/my trips", "file:///data/my%20trips"),
        ("file:///data/a%2523", "/data/a%23", "file:///data/a%2523"),
        ("file://localhost/data", "/data", "file:///data"),
        ("/data/a#b?c", "/data/a#b?c", "file:///data/a%23b%3Fc"),
        ("/data/ü", "/data/ü", "file:///data/%C3%BC"),
    ],
)
def test_a_location_is_understood_as_url_or_path(location: str, path: str, url: str) -> None:
    assert local_path(location) == Path(path)
    assert as_url(location) == url
    assert as_url(as_url(location)) == url


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("s3://bucket/trips", "not on this machine"),
        ("file://elsewhere/trips", "not on this machine"),
        ("trips", "not absolute"),
        ("", "not absolute"),
        ("/data/../etc", "climbs"),
        ("file:///data/%2E%2E/etc", "climbs"),
        ("file:///data/a?b", "query or a fragment"),
        ("file:///data/a#b", "query or a fragment"),
    ],
)
def test_other_locations_are_refused(location: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        local_path(location)
