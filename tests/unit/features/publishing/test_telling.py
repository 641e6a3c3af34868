"""What people are told of a publication."""

from datetime import timedelta

from boathouse.features.online.nouns import Publication
from boathouse.features.online.telling import publication_line


def test_a_table_whose_values_are_all_too_old_says_why_nothing_is_there() -> None:
    done = Publication("dev.shop.o", "default", "dev.shop.users", 3, 0, 0, time_to_live=timedelta(days=7))
    assert publication_line(done).endswith("0 key(s) written, 0 there. Values older than 7 days, 0:00:00 are none.")
    lasting = Publication("dev.shop.o", "default", "dev.shop.users", 3, 0, 0)
    assert publication_line(lasting).endswith("0 key(s) written, 0 there.")
