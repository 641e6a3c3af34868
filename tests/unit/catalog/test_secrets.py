"""Secrets: who may read them, what stands in the database, and what becomes of them when keys change or go."""

import base64
import json
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select, update

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.catalog.repository.records import EventFilter
from boathouse.catalog.repository.schema import audit_events, secret_key, secrets
from boathouse.catalog.secrets import AclPermission, GivenKeys, InvalidSecret, KeyMissing, SecretUnreadable
from boathouse.catalog.secrets.keys import Key
from boathouse.foundation.errors import AlreadyExists, Denied, InvalidInput, NotFound, Unavailable
from boathouse.metastore import Database

VALUE = b"correct horse battery staple"


@pytest.fixture
def scope(law) -> str:
    law.catalog.secrets.create(law.admin, "prod")
    law.catalog.secrets.put(law.admin, "prod", "db", VALUE)
    return "prod"


def test_a_secret_is_read_back_byte_for_byte(law, scope: str) -> None:
    value = bytes(range(256)) * 512

    law.catalog.secrets.put(law.admin, scope, "Binary.Key", value)

    assert law.catalog.secrets.get(law.admin, "PROD", "binary.key") == value
    assert [each.key for each in law.catalog.secrets.list(law.admin, scope)] == ["Binary.Key", "db"]


def test_the_database_holds_no_value_and_the_key_is_outside_it(law, scope: str, database) -> None:
    with database.read() as connection:
        row = connection.execute(select(secrets)).mappings().one()

    assert VALUE not in bytes(row["sealed"]) and VALUE.decode() not in json.dumps({**row, "sealed": ""})
    assert stat.S_IMODE(law.home.secrets_key_file.stat().st_mode) == 0o600
    assert len(base64.b64decode(law.home.secrets_key_file.read_text())) == 32


def test_the_same_value_never_looks_the_same(law, scope: str, database) -> None:
    law.catalog.secrets.put(law.admin, scope, "twin", VALUE)

    with database.read() as connection:
        assert len({bytes(row[0]) for row in connection.execute(select(secrets.c.sealed))}) == 2


def test_no_value_reaches_the_audit_log(law, scope: str, database) -> None:
    law.catalog.secrets.get(law.admin, scope, "db")
    with pytest.raises(InvalidSecret):
        law.catalog.secrets.put(law.admin, scope, "bad key", VALUE)

    with database.read() as connection:
        everything = json.dumps([dict(row) for row in connection.execute(select(audit_events)).mappings()])
    assert VALUE.decode() not in everything
    events = law.catalog.audit.events(EventFilter(service="secrets"))
    assert [(event.action, event.status_code) for event in events[:3]] == [
        ("putSecret", 400),
        ("getSecret", 200),
        ("putSecret", 200),
    ]
    assert events[1].request_params == {"key": "db"}


def test_nobody_knows_of_a_scope_until_it_is_shared(law, scope: str) -> None:
    with pytest.raises(NotFound) as hidden:
        law.catalog.secrets.get(law.bob, scope, "db")
    with pytest.raises(NotFound) as missing:
        law.catalog.secrets.get(law.bob, "nope", "db")

    assert str(hidden.value).replace("prod", "nope") == str(missing.value)
    assert law.catalog.secrets.names(law.bob) == []


@pytest.mark.parametrize(
    ("permission", "may"),
    [
        (AclPermission.READ, {"get"}),
        (AclPermission.WRITE, {"get", "put"}),
        (AclPermission.MANAGE, {"get", "put", "acls"}),
    ],
)
def test_each_permission_includes_the_one_before(law, scope: str, permission: AclPermission, may: set[str]) -> None:
    law.catalog.secrets.put_acl(law.admin, scope, "bob", permission)
    verbs = {
        "get": lambda: law.catalog.secrets.get(law.bob, scope, "db"),
        "put": lambda: law.catalog.secrets.put(law.bob, scope, "new", b"x"),
        "acls": lambda: law.catalog.secrets.acls(law.bob, scope),
    }

    for name, verb in verbs.items():
        if name in may:
            verb()
        else:
            with pytest.raises(Denied):
                verb()


def test_a_permission_replaces_the_one_before_and_can_be_taken_away(law, scope: str) -> None:
    for permission in (AclPermission.MANAGE, AclPermission.READ):
        law.catalog.secrets.put_acl(law.admin, scope, "bob", permission)

    shown = {item.principal: item.permission for item in law.catalog.secrets.acls(law.admin, scope)}
    assert shown == {"alice": AclPermission.MANAGE, "bob": AclPermission.READ}
    law.catalog.secrets.delete_acl(law.admin, scope, "bob")
    with pytest.raises(NotFound, match="bob has no permission of its own"):
        law.catalog.secrets.delete_acl(law.admin, scope, "bob")
    with pytest.raises(NotFound):
        law.catalog.secrets.get(law.bob, scope, "db")


def test_a_grant_and_a_permission_are_the_same_thing(law, scope: str) -> None:
    law.catalog.grants.grant(law.admin, "bob", [Privilege.READ_SECRET], SecurableKind.SECRET_SCOPE, scope)

    assert law.catalog.secrets.get(law.bob, scope, "db") == VALUE
    assert law.catalog.secrets.acl(law.admin, scope, "bob").permission is AclPermission.READ


def test_users_means_everybody(law) -> None:
    law.catalog.secrets.create(law.admin, "shared", everyone_manages=True)

    law.catalog.secrets.put(law.bob, "shared", "k", b"v")

    assert law.catalog.secrets.acl(law.admin, "shared", "users").permission is AclPermission.MANAGE


def test_a_deleted_scope_leaves_no_values_and_its_name_is_free(law, scope: str, database) -> None:
    law.catalog.secrets.delete(law.admin, scope)

    with database.read() as connection:
        assert connection.execute(select(secrets)).first() is None
    law.catalog.secrets.create(law.bob, scope)
    assert law.catalog.secrets.list(law.bob, scope) == []


def test_a_name_that_is_nearly_right_is_proposed(law, scope: str) -> None:
    with pytest.raises(NotFound, match="Did you mean prod"):
        law.catalog.secrets.get(law.admin, "prd", "db")
    with pytest.raises(NotFound, match="Did you mean db"):
        law.catalog.secrets.get(law.admin, scope, "dbb")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("", b"x", "not a valid name"),
        ("a/b", b"x", "not a valid name"),
        ("k" * 129, b"x", "1 to 128"),
        ("ключ", b"x", "not a valid name"),
        ("k", b"", "cannot be empty"),
        ("k", b"x" * (128 * 1024 + 1), "at most 131072"),
    ],
)
def test_what_cannot_be_a_secret_is_refused(law, scope: str, key: str, value: bytes, message: str) -> None:
    with pytest.raises(InvalidSecret, match=message):
        law.catalog.secrets.put(law.admin, scope, key, value)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "s" * 129, "a\n"])
def test_what_cannot_be_a_scope_is_refused(law, name: str) -> None:
    with pytest.raises(InvalidInput):
        law.catalog.secrets.create(law.admin, name)


def test_case_makes_no_two_scopes(law, scope: str) -> None:
    with pytest.raises(AlreadyExists):
        law.catalog.secrets.create(law.admin, "PROD")


def test_a_scope_holds_as_many_secrets_as_documented(law, scope: str, monkeypatch) -> None:
    monkeypatch.setattr("boathouse.catalog.secrets.scopes.MOST_SECRETS", 2)
    law.catalog.secrets.put(law.admin, scope, "second", b"2")

    with pytest.raises(InvalidInput, match="holds 2 secrets"):
        law.catalog.secrets.put(law.admin, scope, "third", b"3")

    law.catalog.secrets.put(law.admin, scope, "second", b"changed")
    assert [each.key for each in law.catalog.secrets.list(law.admin, scope)] == ["db", "second"]


def test_a_row_that_is_moved_opens_nothing(law, scope: str, database) -> None:
    law.catalog.secrets.put(law.admin, scope, "other", b"harmless")
    with database.write() as connection:
        sealed = connection.execute(select(secrets.c.sealed).where(secrets.c.name == "db")).scalar_one()
        connection.execute(update(secrets).where(secrets.c.name == "other").values(sealed=sealed))

    with pytest.raises(SecretUnreadable, match="prod/other cannot be decrypted"):
        law.catalog.secrets.get(law.admin, scope, "other")


def test_a_lost_key_is_named_and_nothing_is_lost_with_it(law, scope: str, tmp_path: Path) -> None:
    kept = law.home.secrets_key_file.rename(tmp_path / "kept")

    with pytest.raises(KeyMissing, match="which is not in"):
        law.catalog.secrets.get(law.admin, scope, "db")
    with pytest.raises(KeyMissing):
        law.catalog.secrets.put(law.admin, scope, "new", b"x")
    with pytest.raises(KeyMissing):
        law.catalog.secrets.rotate_key(law.admin)

    assert not law.home.secrets_key_file.exists()
    kept.rename(law.home.secrets_key_file)
    assert law.catalog.secrets.get(law.admin, scope, "db") == VALUE


def test_a_damaged_key_file_is_an_error_not_a_new_key(law, scope: str) -> None:
    law.home.secrets_key_file.write_text("nonsense\n")

    with pytest.raises(InvalidInput, match="does not hold a key"):
        law.catalog.secrets.get(law.admin, scope, "db")


def test_rotation_encrypts_everything_anew(law, scope: str, database) -> None:
    law.catalog.secrets.put(law.admin, scope, "second", b"2")
    before = law.home.secrets_key_file.read_text()

    assert law.catalog.secrets.rotate_key(law.admin) == 2

    assert law.home.secrets_key_file.read_text().split() != before.split()
    assert len(law.home.secrets_key_file.read_text().split()) == 1
    assert law.catalog.secrets.get(law.admin, scope, "db") == VALUE
    with database.read() as connection:
        used = set(connection.execute(select(secrets.c.key_id)).scalars())
        assert used == {connection.execute(select(secret_key.c.key_id)).scalar_one()}


def test_rotation_is_all_or_nothing_and_can_be_taken_up_again(law, scope: str, database) -> None:
    law.catalog.secrets.put(law.admin, scope, "second", b"2")
    with database.write() as connection:
        connection.execute(update(secrets).where(secrets.c.name == "second").values(sealed=b"x" * 40))

    with pytest.raises(SecretUnreadable, match="prod/second"):
        law.catalog.secrets.rotate_key(law.admin)

    assert law.catalog.secrets.get(law.admin, scope, "db") == VALUE
    law.catalog.secrets.put(law.admin, scope, "second", b"again")
    assert law.catalog.secrets.rotate_key(law.admin) == 2
    assert law.catalog.secrets.get(law.admin, scope, "second") == b"again"
    assert len(law.home.secrets_key_file.read_text().split()) == 1


def test_a_rotation_that_dies_before_it_forgets_the_old_key_loses_nothing(law, scope: str, monkeypatch) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("boathouse.catalog.secrets.keys.FileKeys.settle", die)
        with pytest.raises(KeyboardInterrupt):
            law.catalog.secrets.rotate_key(law.admin)

    assert len(law.home.secrets_key_file.read_text().split()) == 2
    assert law.catalog.secrets.get(law.admin, scope, "db") == VALUE
    law.catalog.secrets.rotate_key(law.admin)
    assert len(law.home.secrets_key_file.read_text().split()) == 1
    assert law.catalog.secrets.get(law.admin, scope, "db") == VALUE


def test_what_is_written_while_keys_rotate_can_be_read(law, scope: str, where) -> None:
    databases = [Database(where) for _ in range(3)]
    others = [Catalog(database, law.home, law.clock) for database in databases]

    def write(number: int) -> None:
        for turn in range(5):
            others[number].secrets.put(law.admin, scope, f"k{number}", f"{number}-{turn}".encode())

    with ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(write, number) for number in range(3)]
        while not all(each.done() for each in writing):
            law.catalog.secrets.rotate_key(law.admin)
            time.sleep(0.02)  # SQLite does not queue writers of several processes
        for each in writing:
            each.result()

    values = {law.catalog.secrets.get(law.admin, scope, f"k{number}") for number in range(3)}
    for database in databases:
        database.dispose()
    assert values == {b"0-4", b"1-4", b"2-4"} and law.catalog.secrets.get(law.admin, scope, "db") == VALUE


def test_only_administrators_rotate(law, scope: str) -> None:
    with pytest.raises(Denied):
        law.catalog.secrets.rotate_key(law.bob)


def test_keys_can_be_given_from_outside_and_rotate_there(law, database) -> None:
    old, new = Key.new().to_text(), Key.new().to_text()

    def catalog(*keys: str) -> Catalog:
        return Catalog(database, law.home, law.clock, secret_keys=GivenKeys(",".join(keys), "THE_SETTING"))

    catalog(old).secrets.create(law.admin, "team")
    catalog(old).secrets.put(law.admin, "team", "k", VALUE)
    with pytest.raises(InvalidInput, match="in front of the old one"):
        catalog(old).secrets.rotate_key(law.admin)

    assert catalog(new, old).secrets.get(law.admin, "team", "k") == VALUE
    assert catalog(new, old).secrets.rotate_key(law.admin) == 1

    assert catalog(new).secrets.get(law.admin, "team", "k") == VALUE
    with pytest.raises(KeyMissing, match="THE_SETTING"):
        catalog(old).secrets.get(law.admin, "team", "k")
    assert not law.home.secrets_key_file.exists()


def test_a_key_never_shows_itself() -> None:
    key = Key.new()

    shown = repr([key, GivenKeys(key.to_text(), "THE_SETTING")])

    assert key.to_text() not in shown and str(key.secret) not in shown


def test_a_key_file_that_cannot_be_written_is_said(law, scope: str, monkeypatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("boathouse.catalog.secrets.keys.os.fsync", full)
    with pytest.raises(Unavailable, match="No space left"):
        law.catalog.secrets.rotate_key(law.admin)

    assert law.catalog.secrets.get(law.admin, scope, "db") == VALUE
    assert [each.name for each in law.home.root.glob("secrets.key*")] == ["secrets.key"]
