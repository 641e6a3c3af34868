"""What the client refuses before it asks."""

import pytest

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.rest import Connection, RestClient


@pytest.mark.parametrize("path", ["/files/v/../w/x.csv", "/files/v/%2e%2e/w", "/files/./x", "/files/v/.."])
def test_a_path_that_would_mean_another_one_is_refused(path: str) -> None:
    with pytest.raises(InvalidInput, match=r"holds '\.' or '\.\.'"):
        RestClient(Connection("http://127.0.0.1:1", "bhs_x")).put(path)
