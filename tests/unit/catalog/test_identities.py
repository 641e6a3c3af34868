from datetime import timedelta

import pytest

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.catalog.identities import IdentityChange
from boathouse.foundation.context import RequestContext, TaskContext, in_request
from boathouse.foundation.errors import AlreadyExists, Conflict, Denied, InvalidInput, NotFound, Unauthenticated
from boathouse.foundation.principals import ADMINS, EVERYONE
from boathouse.metastore import Database


def test_a_token_stands_for_its_principal_with_all_groups(law):
    identities = law.catalog.identities
    for group in ("company", "team"):
        identities.create_group(law.admin, group)
    identities.add_member(law.admin, "company", "team")
    identities.add_member(law.admin, "team", "bob")

    known = identities.authenticate(identities.issue_token(law.bob, "bob").secret)

    assert known.principal.name == "bob"
    assert known.principal.groups == {"company", "team"}


def test_a_token_remembers_its_task(law):
    task = TaskContext(1, "train", 2, "fit", 3, git_commit="abc")

    issued = law.catalog.identities.issue_token(law.admin, "bob", lifetime_seconds=60, task=task)

    assert law.catalog.identities.authenticate(issued.secret).task == task


def test_a_task_makes_no_tokens(law):
    task = in_request(RequestContext(task=TaskContext(1, "train", 2, "fit", 3)))

    with task, pytest.raises(Denied, match="task fit of run 2 may not make tokens"):
        law.catalog.identities.issue_token(law.admin, "alice", lifetime_seconds=60)


def test_an_expired_token_says_so_without_repeating_itself(law):
    issued = law.catalog.identities.issue_token(law.bob, "bob", lifetime_seconds=60)
    assert law.catalog.identities.authenticate(issued.secret).principal.name == "bob"

    law.clock.advance(timedelta(seconds=61))

    with pytest.raises(Unauthenticated, match="expired at 2013-05-01T00:01:00") as refused:
        law.catalog.identities.authenticate(issued.secret)
    assert issued.secret not in str(refused.value)


def test_a_revoked_token_is_refused_at_once(law):
    issued = law.catalog.identities.issue_token(law.bob, "bob")
    law.catalog.identities.authenticate(issued.secret)

    law.catalog.identities.revoke_token(law.bob, issued.token_id)

    with pytest.raises(Unauthenticated, match="revoked"):
        law.catalog.identities.authenticate(issued.secret)


def test_a_token_revoked_by_another_process_is_refused_soon(law, where):
    other_database = Database(where)
    other = Catalog(other_database, law.home, law.clock)
    other.identities._tokens._known._check_seconds = 0.0
    issued = law.catalog.identities.issue_token(law.bob, "bob")
    other.identities.authenticate(issued.secret)

    law.catalog.identities.revoke_token(law.bob, issued.token_id)

    with pytest.raises(Unauthenticated):
        other.identities.authenticate(issued.secret)
    other_database.dispose()


def test_an_unknown_token_is_refused(law):
    with pytest.raises(Unauthenticated, match="not known"):
        law.catalog.identities.authenticate("bhs_nothing")


@pytest.mark.parametrize("seconds", [0, -5, float("inf"), float("nan"), 1e12])
def test_a_lifetime_is_positive_and_finite(law, seconds):
    with pytest.raises(InvalidInput, match="cannot live"):
        law.catalog.identities.issue_token(law.bob, "bob", lifetime_seconds=seconds)


def test_nobody_handles_the_tokens_of_others(law):
    issued = law.catalog.identities.issue_token(law.admin, "alice")

    with pytest.raises(Denied):
        law.catalog.identities.issue_token(law.bob, "alice")
    with pytest.raises(NotFound):
        law.catalog.identities.revoke_token(law.bob, issued.token_id)
    with pytest.raises(Denied):
        law.catalog.identities.list_tokens(law.bob, everyone=True)


def test_no_secret_is_kept(law, database):
    from sqlalchemy import text

    issued = law.catalog.identities.issue_token(law.bob, "bob")

    with database.read() as connection:
        kept = str(connection.execute(text("SELECT * FROM tokens")).all())
        audited = str(connection.execute(text("SELECT * FROM audit_events")).all())
    assert issued.secret not in kept + audited


def test_a_deactivated_principal_is_refused(law):
    issued = law.catalog.identities.issue_token(law.bob, "bob")

    law.catalog.identities.update(law.admin, "bob", IdentityChange(active=False))

    with pytest.raises(Unauthenticated, match="deactivated"):
        law.catalog.identities.authenticate(issued.secret)


def test_only_administrators_change_principals(law):
    for deed in (
        lambda: law.catalog.identities.create_user(law.bob, "eve"),
        lambda: law.catalog.identities.add_member(law.bob, ADMINS, "bob"),
        lambda: law.catalog.identities.delete(law.bob, "alice"),
    ):
        with pytest.raises(Denied, match="only administrators"):
            deed()


def test_names_are_unique_over_all_kinds_and_cases(law):
    with pytest.raises(AlreadyExists, match="already"):
        law.catalog.identities.create_group(law.admin, "Bob")


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x'; DROP", 'q"uote', "`tick`", EVERYONE, "System", "x" * 256])
def test_a_bad_name_is_refused(law, name):
    with pytest.raises(InvalidInput):
        law.catalog.identities.create_user(law.admin, name)


@pytest.mark.parametrize("name", ["eve@example.com", "Data Team", "größe", "ci-deploy:main", "a"])
def test_a_name_that_people_use_is_taken(law, name):
    assert law.catalog.identities.create_group(law.admin, name).name == name


def test_a_group_cannot_contain_itself(law):
    identities = law.catalog.identities
    for group in ("a", "b", "c"):
        identities.create_group(law.admin, group)
    identities.add_member(law.admin, "a", "b")
    identities.add_member(law.admin, "b", "c")

    for group, member in (("c", "a"), ("a", "a")):
        with pytest.raises(InvalidInput, match="would contain itself"):
            identities.add_member(law.admin, group, member)


def test_the_last_administrator_stays(law):
    identities = law.catalog.identities
    for deed in (
        lambda: identities.delete(law.admin, "alice", transfer_to="bob"),
        lambda: identities.remove_member(law.admin, ADMINS, "alice"),
        lambda: identities.update(law.admin, "alice", IdentityChange(active=False)),
    ):
        with pytest.raises(Conflict, match="nobody would be an administrator"):
            deed()
    assert identities.principal("alice").is_admin

    identities.add_member(law.admin, ADMINS, "bob")
    identities.delete(law.admin, "alice", transfer_to="bob")
    assert law.catalog.securables.get(identities.principal("bob"), SecurableKind.SCHEMA, "dev.trips").owner == "bob"


def test_nobody_deletes_the_group_that_makes_them_an_administrator(law):
    identities = law.catalog.identities
    identities.create_group(law.admin, "operators")
    identities.add_member(law.admin, "operators", "bob")
    identities.add_member(law.admin, ADMINS, "operators")

    with pytest.raises(Conflict, match="only through this group"):
        identities.delete(identities.principal("bob"), "operators")
    with pytest.raises(Conflict, match="built in"):
        identities.delete(law.admin, ADMINS)


def test_who_owns_something_is_deleted_only_with_an_heir(law):
    law.catalog.securables.update(law.admin, SecurableKind.SCHEMA, "dev.trips", owner="bob")

    with pytest.raises(Conflict, match=r"bob still owns 1 things: dev\.trips"):
        law.catalog.identities.delete(law.admin, "bob")


def test_grants_and_tokens_do_not_wait_for_a_namesake(law):
    law.let("bob", Privilege.USE_CATALOG)
    secret = law.catalog.identities.issue_token(law.bob, "bob").secret

    law.catalog.identities.delete(law.admin, "bob")
    law.catalog.identities.create_user(law.admin, "bob")

    assert not law.catalog.grants.allows(law.bob, Privilege.USE_CATALOG, SecurableKind.CATALOG, "dev")
    with pytest.raises(Unauthenticated):
        law.catalog.identities.authenticate(secret)


def test_a_membership_that_is_not_there_cannot_end(law):
    law.catalog.identities.create_group(law.admin, "team")

    with pytest.raises(NotFound, match="member of team"):
        law.catalog.identities.remove_member(law.admin, "team", "bob")


def test_a_person_whom_others_vouch_for_is_a_user_or_becomes_one_where_that_is_wanted(law):
    identities = law.catalog.identities
    identities.create_service_principal(law.admin, "nightly")

    assert identities.person("BOB").name == "bob"
    for stranger in ("carol@example.com", "nightly", "admins"):
        with pytest.raises(Denied, match="not a user of this Boathouse"):
            identities.person(stranger)
    assert identities.person("carol@example.com", create=True).name == "carol@example.com"
    with pytest.raises(Denied):
        identities.person("nightly", create=True)
