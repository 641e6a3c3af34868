"""Why somebody may: the reasons agree with the rules, and name the way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.catalog.test_rules import chain_from, chains, groups

from boathouse.catalog import METASTORE_NAME, Privilege, SecurableKind
from boathouse.catalog.reasons import Reason, Way, explanation
from boathouse.catalog.rules import what_is_missing
from boathouse.foundation.errors import Denied, NotFound
from boathouse.foundation.principals import EVERYONE, Principal

TABLE, SCHEMA, CATALOG = SecurableKind.TABLE, SecurableKind.SCHEMA, SecurableKind.CATALOG
RIDES = (TABLE, "dev.trips.rides")


@given(chains, groups, st.sampled_from(list(Privilege)))
def test_there_is_a_reason_exactly_when_the_rules_let_pass(drawn, groups, privilege) -> None:
    chain = chain_from(drawn)
    alice = Principal("alice", groups=groups)

    told = explanation({name: ("alice", name) for name in alice.identities}, privilege, chain)

    lack = what_is_missing(alice, privilege, chain)
    assert told.allowed is (lack is None)
    if lack is not None:
        assert (told.missing[0].privilege, told.missing[0].full_name) == (lack.privilege, lack.node.full_name)


def of(told, privilege):
    return next(each for each in told if each.privilege is privilege)


def test_a_reason_names_the_memberships_and_the_place_of_the_grant(law) -> None:
    identities = law.catalog.identities
    for group in ("company", "team"):
        identities.create_group(law.admin, group)
    identities.add_member(law.admin, "company", "team")
    identities.add_member(law.admin, "team", "bob")
    law.make_table()
    law.let("company", Privilege.USE_CATALOG, Privilege.SELECT)
    law.let("bob", Privilege.USE_SCHEMA, on="dev.trips")

    told = of(law.catalog.reasons.explain(law.admin, "bob", *RIDES), Privilege.SELECT)

    assert told.allowed
    through = ("bob", "team", "company")
    assert [need.reasons for need in told.needs] == [
        (Reason(Way.GRANT, Privilege.USE_CATALOG, through, CATALOG, "dev"),),
        (Reason(Way.GRANT, Privilege.USE_SCHEMA, ("bob",), SCHEMA, "dev.trips"),),
        (Reason(Way.GRANT, Privilege.SELECT, through, CATALOG, "dev"),),
    ]


def test_what_is_missing_is_told_beside_what_is_held(law) -> None:
    law.make_table()
    law.let(EVERYONE, Privilege.ALL_PRIVILEGES, on="dev.trips.rides")

    told = of(law.catalog.reasons.explain(law.admin, "bob", *RIDES), Privilege.SELECT)

    assert not told.allowed
    assert [(need.privilege, need.full_name) for need in told.missing] == [
        (Privilege.USE_CATALOG, "dev"),
        (Privilege.USE_SCHEMA, "dev.trips"),
    ]
    assert told.needs[-1].reasons[0].through == ("bob", EVERYONE)


def test_owners_and_administrators_are_reasons(law) -> None:
    law.make_table()

    told = of(law.catalog.reasons.explain(law.admin, "alice", *RIDES), Privilege.MODIFY)

    ways = {(reason.way, reason.kind) for reason in told.needs[-1].reasons}
    assert (Way.ADMINISTRATOR, SecurableKind.METASTORE) in ways
    assert (Way.OWNER, TABLE) in ways


def test_of_others_only_who_may_manage_the_thing_is_told(law) -> None:
    law.make_table()
    reasons = law.catalog.reasons
    with pytest.raises(NotFound):
        reasons.explain(law.bob, "bob", *RIDES)
    law.let("bob", Privilege.SELECT, on="dev.trips.rides")

    assert of(reasons.explain(law.bob, "bob", *RIDES), Privilege.SELECT).needs[-1].reasons
    with pytest.raises(Denied):
        reasons.explain(law.bob, "alice", *RIDES)
    law.let("bob", Privilege.MANAGE, on="dev.trips.rides")
    assert reasons.explain(law.bob, "alice", *RIDES)
    with pytest.raises(NotFound, match="nobody"):
        reasons.explain(law.bob, "nobody", *RIDES)


def test_holdings_are_told_with_their_way(law) -> None:
    law.catalog.identities.create_group(law.admin, "team")
    law.catalog.identities.add_member(law.admin, "team", "bob")
    law.make_table()
    law.let("team", Privilege.SELECT, on="dev.trips")
    law.let("bob", Privilege.CREATE_TABLE, Privilege.USE_SCHEMA, on="dev.trips")
    law.let("bob", Privilege.USE_CATALOG)
    law.make_table("dev.trips.mine", by=law.bob)

    told = law.catalog.reasons.holdings(law.admin, "bob")

    assert {(each.through, each.held.full_name, each.held.privilege) for each in told} >= {
        (("bob",), "dev.trips.mine", None),
        (("bob", "team"), "dev.trips", Privilege.SELECT),
        (("bob", EVERYONE), METASTORE_NAME, Privilege.CREATE_JOB),
    }
    given = next(each.held for each in told if each.held.privilege is Privilege.SELECT)
    assert (given.granted_by, given.granted_at) == ("alice", 1367366400000)


def test_of_others_holdings_one_sees_what_one_may_manage(law) -> None:
    law.make_table("dev.trips.rides")
    law.make_table("dev.trips.hidden")
    law.catalog.identities.create_user(law.admin, "carol")
    for table in ("rides", "hidden"):
        law.let("carol", Privilege.SELECT, on=f"dev.trips.{table}")
    law.let("bob", Privilege.MANAGE, on="dev.trips.rides")

    seen = {each.held.full_name for each in law.catalog.reasons.holdings(law.bob, "carol")}

    assert "dev.trips.rides" in seen
    assert "dev.trips.hidden" not in seen
    assert "dev.trips.hidden" in {each.held.full_name for each in law.catalog.reasons.holdings(law.admin, "carol")}


def test_principals_are_found_by_a_part_of_their_name(law) -> None:
    identities = law.catalog.identities
    for name in ("carol@example.com", "caroline", "five_0"):
        identities.create_user(law.admin, name)

    assert [each.name for each in identities.find(law.bob, "CAROL")[1]] == ["carol@example.com", "caroline"]
    assert [each.name for each in identities.find(law.bob, "_")[1]] == ["five_0"]
    total, page = identities.find(law.bob, offset=1, limit=2)
    assert (total, len(page)) == (6, 2)
