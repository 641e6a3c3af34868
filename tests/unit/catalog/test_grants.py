import pytest

from boathouse.catalog import METASTORE_NAME, Catalog, Privilege, SecurableKind
from boathouse.catalog.grants import Grant, GrantNotFound
from boathouse.foundation.errors import Denied, InvalidInput, NotFound
from boathouse.foundation.names import SchemaName, TableName
from boathouse.foundation.principals import EVERYONE
from boathouse.metastore import Database

TABLE, SCHEMA, CATALOG = SecurableKind.TABLE, SecurableKind.SCHEMA, SecurableKind.CATALOG
USE = (Privilege.USE_CATALOG, Privilege.USE_SCHEMA)


def test_a_table_takes_its_own_privilege_and_use_of_all_above(law):
    law.make_table()
    may = lambda: law.catalog.grants.allows(law.bob, Privilege.SELECT, TABLE, "dev.trips.rides")  # noqa: E731

    law.let("bob", Privilege.SELECT, on="dev.trips.rides")
    assert not may()
    law.let("bob", Privilege.USE_CATALOG)
    assert not may()
    law.let("bob", Privilege.USE_SCHEMA, on="dev.trips")
    assert may()


def test_a_grant_above_holds_below_also_for_what_comes_later(law):
    law.let("bob", *USE, Privilege.SELECT)

    law.make_table("dev.trips.later")

    law.catalog.grants.require(law.bob, Privilege.SELECT, TABLE, "dev.trips.later")


def test_a_grant_to_a_group_reaches_members_of_its_groups(law):
    identities = law.catalog.identities
    for group in ("company", "team"):
        identities.create_group(law.admin, group)
    identities.add_member(law.admin, "company", "team")
    identities.add_member(law.admin, "team", "bob")
    law.make_table()

    law.let("company", *USE, Privilege.SELECT)

    bob = identities.principal("bob")
    assert law.catalog.grants.allows(bob, Privilege.SELECT, TABLE, "dev.trips.rides")


def test_a_grant_to_everyone_reaches_everyone(law):
    law.make_table()

    law.let(EVERYONE, *USE, Privilege.SELECT)

    assert law.catalog.grants.allows(law.bob, Privilege.SELECT, TABLE, "dev.trips.rides")


def test_what_is_missing_is_named_with_who_can_give_it(law):
    law.make_table()
    law.let("bob", Privilege.USE_CATALOG, Privilege.SELECT)

    with pytest.raises(Denied) as refused:
        law.catalog.grants.require(law.bob, Privilege.SELECT, TABLE, "dev.trips.rides")

    assert "USE_SCHEMA on schema dev.trips is missing" in str(refused.value)
    assert "alice" in str(refused.value)


def test_a_stranger_cannot_tell_a_hidden_thing_from_a_missing_one(law):
    law.make_table()
    errors = []
    for name in ("dev.trips.rides", "dev.trips.ridez", "nowhere.trips.rides"):
        with pytest.raises(NotFound) as refused:
            law.catalog.grants.require(law.bob, Privilege.SELECT, TABLE, name)
        errors.append(str(refused.value).replace(name, "NAME"))

    assert len(set(errors)) == 1


def test_only_names_that_may_be_known_are_proposed(law):
    law.make_table("dev.trips.rides")
    law.make_table("dev.trips.riders")
    law.let("bob", Privilege.BROWSE, on="dev.trips.riders")

    with pytest.raises(NotFound, match=r"Did you mean dev\.trips\.riders\?"):
        law.catalog.grants.require(law.bob, Privilege.SELECT, TABLE, "dev.trips.ridets")


def test_who_holds_something_inside_knows_of_what_is_around_it(law):
    law.make_table()
    law.catalog.securables.create_schema(law.admin, SchemaName("dev", "other"))
    law.let("bob", Privilege.SELECT, on="dev.trips.rides")
    grants = law.catalog.grants

    assert grants.visible(law.bob, CATALOG, ["dev", "prod"]) == {"dev"}
    assert grants.visible(law.bob, SCHEMA, ["dev.trips", "dev.other"]) == {"dev.trips"}
    assert grants.visible(law.bob, TABLE, ["dev.trips.rides", "dev.trips.no"]) == {"dev.trips.rides"}


def test_owners_of_a_schema_manage_what_others_made_in_it(law):
    law.catalog.securables.update(law.admin, SCHEMA, "dev.trips", owner="bob")
    law.let("bob", Privilege.USE_CATALOG)
    law.make_table()

    law.catalog.grants.grant(law.bob, EVERYONE, [Privilege.SELECT], TABLE, "dev.trips.rides")
    law.catalog.securables.drop(law.bob, TABLE, "dev.trips.rides")


def test_only_who_manages_may_grant(law):
    law.let("bob", *USE, Privilege.SELECT, Privilege.MODIFY)

    with pytest.raises(Denied, match="MANAGE"):
        law.catalog.grants.grant(law.bob, "bob", [Privilege.MANAGE], SCHEMA, "dev.trips")


def test_what_makes_no_sense_on_a_kind_cannot_be_granted(law):
    law.make_table()

    with pytest.raises(InvalidInput, match="CREATE_SCHEMA cannot be granted on a table"):
        law.let("bob", Privilege.CREATE_SCHEMA, on="dev.trips.rides")


def test_nobody_gets_a_grant_whom_nobody_knows(law):
    with pytest.raises(NotFound, match=r"no principal 'bobb'\. Did you mean bob\?"):
        law.let("bobb", Privilege.USE_CATALOG)


def test_granting_twice_is_granting_once(law):
    law.let("BOB", Privilege.USE_CATALOG)
    law.let("bob", Privilege.USE_CATALOG, Privilege.SELECT)

    found = law.catalog.grants.direct(law.admin, CATALOG, "dev", grantee="bob")
    assert {grant.privilege for grant in found} == {Privilege.USE_CATALOG, Privilege.SELECT}


def test_revoking_ends_what_was_granted(law):
    law.make_table()
    law.let("bob", *USE, Privilege.SELECT)

    law.catalog.grants.revoke(law.admin, "bob", [Privilege.SELECT], CATALOG, "dev")

    assert not law.catalog.grants.allows(law.bob, Privilege.SELECT, TABLE, "dev.trips.rides")


def test_revoking_what_was_never_granted_revokes_nothing(law):
    law.let("bob", Privilege.USE_CATALOG)

    with pytest.raises(GrantNotFound, match="SELECT"):
        law.catalog.grants.revoke(law.admin, "bob", [Privilege.USE_CATALOG, Privilege.SELECT], CATALOG, "dev")

    assert law.catalog.grants.allows(law.bob, Privilege.USE_CATALOG, CATALOG, "dev")


def test_effective_grants_name_where_they_come_from(law):
    law.let("bob", Privilege.SELECT)

    found = law.catalog.grants.effective(law.admin, SCHEMA, "dev.trips", grantee="bob")

    assert found == [Grant("bob", Privilege.SELECT, CATALOG, "dev")]


def test_who_does_not_manage_sees_only_own_grants(law):
    law.catalog.identities.create_user(law.admin, "carol")
    law.let("bob", Privilege.USE_CATALOG)
    law.let("carol", Privilege.USE_CATALOG)

    assert {grant.grantee for grant in law.catalog.grants.direct(law.bob, CATALOG, "dev")} == {"bob"}


def test_a_change_by_another_process_is_seen_soon(law, where):
    other_database = Database(where)
    other = Catalog(other_database, law.home, law.clock)
    for fresh in (other.grants._book._pages, other.identities._tokens._known):
        fresh._check_seconds = 0.0
    law.make_table()
    law.let("bob", *USE, Privilege.SELECT)
    assert other.grants.allows(law.bob, Privilege.SELECT, TABLE, "dev.trips.rides")

    law.catalog.grants.revoke(law.admin, "bob", [Privilege.SELECT], CATALOG, "dev")

    assert not other.grants.allows(law.bob, Privilege.SELECT, TABLE, "dev.trips.rides")
    other_database.dispose()


def test_everybody_may_make_experiments_and_jobs(law):
    for privilege in (Privilege.CREATE_EXPERIMENT, Privilege.CREATE_JOB):
        law.catalog.grants.require(law.bob, privilege, SecurableKind.METASTORE, METASTORE_NAME)
    with pytest.raises(Denied):
        law.catalog.grants.require(law.bob, Privilege.CREATE_CATALOG, SecurableKind.METASTORE, METASTORE_NAME)


def test_browsing_shows_a_table_without_its_place(law):
    law.make_table()
    law.let("bob", Privilege.BROWSE)

    assert law.catalog.securables.table(law.bob, TableName.parse("dev.trips.rides")).storage_location == ""
