"""Rules of the pages about data that need no browser."""

import pytest

from boathouse.catalog import Securable, SecurableKind
from boathouse.catalog.search.finding import Hit
from boathouse.foundation.errors import InvalidInput
from boathouse.server.ui.pages.editing import tags_in, tags_text
from boathouse.server.ui.pages.search import why
from boathouse.server.ui.pages.tables.history import rows_told
from boathouse.server.ui.pages.tables.overview import sql_text
from boathouse.server.ui.parts.figures import counted, in_bytes


def test_tags_are_read_as_they_are_written() -> None:
    tags = {"pii": "", "team": "rides", "formula": "a = b"}

    assert tags_in(tags_text(tags)) == tags
    assert tags_in("\n  team=rides \n\n pii\n") == {"team": "rides", "pii": ""}
    with pytest.raises(InvalidInput, match="is not a tag"):
        tags_in("= rides")


def test_a_text_cannot_end_early_in_sql() -> None:
    assert sql_text("it's") == r"'it\'s'"
    assert sql_text("\\' OR 1=1 --") == r"'\\\' OR 1=1 --'"


@pytest.mark.parametrize(
    ("count", "told"), [(None, "—"), (0, "0 B"), (999, "999 B"), (1_400, "1.4 kB"), (2_000_000_000, "2.0 GB")]
)
def test_sizes_are_told_in_the_unit_that_fits(count: int | None, told: str) -> None:
    assert in_bytes(count) == told


def test_what_is_counted_agrees_with_its_number() -> None:
    assert [counted(number, "row") for number in (0, 1, 1_200)] == ["0 rows", "1 row", "1,200 rows"]


def test_the_rows_of_a_write_are_told_whichever_writer_it_was() -> None:
    assert rows_told({"num_added_rows": "1200"}) == "+1,200"
    assert (
        rows_told({"numTargetRowsInserted": "3", "numTargetRowsUpdated": "2", "numTargetRowsDeleted": "0"}) == "+3 ~2"
    )
    assert rows_told({"numFiles": "1"}) is None


def test_a_hit_says_what_the_words_have_met() -> None:
    thing = Securable("1", SecurableKind.TABLE, "a.b.c", "ann")

    assert why(Hit(thing, 1, ("dep_delay",), ("name", "tag team"))) == "Found in name, tag team, column dep_delay."
    assert why(Hit(thing, 1)) == ""
