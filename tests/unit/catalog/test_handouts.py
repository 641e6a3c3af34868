"""Handing out places: who may use a path, and what a refusal tells."""

from pathlib import Path

import pytest

from boathouse.foundation.errors import Denied


def test_a_refused_path_does_not_tell_whether_something_lies_there(law, tmp_path: Path) -> None:
    hidden = law.make_table().storage_location

    refusals = []
    for url in (hidden, (tmp_path / "nothing").as_uri()):
        with pytest.raises(Denied) as refused:
            law.catalog.handouts.path(law.bob, url, write=False)
        refusals.append(str(refused.value).replace(url, "URL"))

    assert refusals[0] == refusals[1]
