"""What runs the demo once more comes last: the other tests look at what the first one has left."""

from pathlib import Path

import pytest

_HERE = Path(__file__).parent
AGAIN = "runs_the_demo_again"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = [place for place, item in enumerate(items) if item.path.parent == _HERE]
    ordered = sorted((items[place] for place in places), key=lambda item: item.get_closest_marker(AGAIN) is not None)
    for place, item in zip(places, ordered, strict=True):
        items[place] = item
