"""A link signs its maker in, once, for ten minutes."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from boathouse.catalog.identities import IdentityChange
from boathouse.foundation.context import RequestContext, TaskContext, in_request
from boathouse.foundation.errors import Denied, Unauthenticated


def test_a_link_signs_its_maker_in_once(law) -> None:
    links = law.catalog.sign_in_links
    link = links.make(law.bob)

    assert links.redeem(link.code).name == "bob"
    with pytest.raises(Unauthenticated, match=r"used already.*boathouse ui"):
        links.redeem(link.code)


def test_a_link_ends_after_ten_minutes(law) -> None:
    links = law.catalog.sign_in_links
    link = links.make(law.bob)
    law.clock.advance(timedelta(minutes=10))

    with pytest.raises(Unauthenticated, match=r"expired.*boathouse ui"):
        links.redeem(link.code)
    with pytest.raises(Unauthenticated, match="not known"):
        links.redeem("bhl_made_up")


def test_only_the_hash_of_a_link_is_kept(law) -> None:
    link = law.catalog.sign_in_links.make(law.bob)

    with law.catalog.database.read() as connection:
        kept = connection.execute(text("SELECT * FROM sign_in_links")).all()
    assert link.code not in str(kept)


def test_a_link_is_not_a_token(law) -> None:
    link = law.catalog.sign_in_links.make(law.bob)

    with pytest.raises(Unauthenticated):
        law.catalog.identities.authenticate(link.code)


def test_who_was_deactivated_meanwhile_is_refused(law) -> None:
    link = law.catalog.sign_in_links.make(law.bob)
    law.catalog.identities.update(law.admin, "bob", IdentityChange(active=False))

    with pytest.raises(Denied, match="deactivated"):
        law.catalog.sign_in_links.redeem(link.code)


def test_a_task_makes_no_link(law) -> None:
    with in_request(RequestContext(task=TaskContext(1, "train", 7, "fit", 9))), pytest.raises(Denied):
        law.catalog.sign_in_links.make(law.bob)
