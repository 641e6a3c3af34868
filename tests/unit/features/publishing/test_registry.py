"""Which stores there are, what is published to them, and who may."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.features import FeatureEngineeringClient
from boathouse.features.online.nouns import NewPublication, Outcome, StoreKind
from boathouse.features.online.registry.service import LocalOnlineRegistry
from boathouse.foundation.errors import AlreadyExists, Conflict, Denied, InvalidInput, NotFound
from boathouse.foundation.names import SchemaName
from boathouse.foundation.principals import SYSTEM
from boathouse.session import Session

NEW = NewPublication("dev.shop.users_online", "default", "dev.shop.users", "SNAPSHOT", ("x",), timedelta(hours=1))


@pytest.fixture(autouse=True)
def users(session: Session) -> None:
    session.sql("CREATE TABLE dev.shop.users (id BIGINT NOT NULL, x DOUBLE)")


def test_the_default_store_needs_no_registration(fe: FeatureEngineeringClient) -> None:
    (store,) = fe.list_online_stores()
    assert (store.name, store.kind) == ("default", StoreKind.LMDB)
    assert store.url.endswith("/home/online/default")
    assert fe.get_online_store(name="default") == store


def test_a_store_is_made_found_and_forgotten(fe: FeatureEngineeringClient) -> None:
    made = fe.create_online_store(name="shared", kind="redis", url="redis://cache:6379/1")
    assert (made.kind, made.url, made.owner) == (StoreKind.REDIS, "redis://cache:6379/1", "root")
    assert fe.get_online_store(name="shared") == made
    assert [each.name for each in fe.list_online_stores()] == ["default", "shared"]
    fe.delete_online_store(name="shared")
    assert fe.get_online_store(name="shared") is None


def test_a_name_is_taken_once(fe: FeatureEngineeringClient) -> None:
    fe.create_online_store(name="near", capacity="CU_1")
    with pytest.raises(AlreadyExists, match="near"):
        fe.create_online_store(name="near")
    with pytest.raises(AlreadyExists, match="default"):
        fe.create_online_store(name="default")


@pytest.mark.parametrize(
    "url", ["redis://:hunter2@cache:6379/0", "redis://ann:hunter2@cache/0", "redis://cache/0?password=hunter2"]
)
def test_a_password_is_never_kept_nor_repeated(fe: FeatureEngineeringClient, url: str) -> None:
    with pytest.raises(InvalidInput, match="holds a password") as refused:
        fe.create_online_store(name="shared", kind="redis", url=url)
    assert "hunter2" not in str(refused.value)
    assert "{{secrets/scope/key}}" in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "url"),
    [("redis", None), ("redis", "http://cache"), ("redis", "redis://"), ("redis", "redis://cache:port"),
     ("lmdb", "/tmp"), ("dynamodb", None)],
)  # fmt: skip
def test_an_address_that_no_store_can_have_is_refused(fe: FeatureEngineeringClient, kind: str, url: str | None) -> None:
    with pytest.raises(InvalidInput):
        fe.create_online_store(name="shared", kind=kind, url=url)


def test_only_administrators_make_stores(session_of: Callable[..., Session], fe: FeatureEngineeringClient) -> None:
    ann = FeatureEngineeringClient(session=session_of("ann", Privilege.SELECT, Privilege.MODIFY))
    fe.create_online_store(name="shared")
    with pytest.raises(Denied, match="ann may not make online stores"):
        ann.create_online_store(name="mine")
    with pytest.raises(Denied, match="belongs to root"):
        ann.delete_online_store(name="shared")


def test_a_reference_to_a_secret_is_resolved_for_who_may_read_it(
    catalog: Catalog, session: Session, session_of: Callable[..., Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    from boathouse.features.online import stores

    catalog.secrets.create(session.principal, "prod")
    catalog.secrets.put(session.principal, "prod", "redis", b"p@ss/word")
    monkeypatch.setenv("CACHE_USER", "ann")
    url = "redis://{{env/CACHE_USER}}:{{secrets/prod/redis}}@cache:6379/0"
    store = stores.create(session, "shared", kind="redis", url=url)
    assert store.url == url
    assert stores.address_of(session, store) == "redis://ann:p%40ss%2Fword@cache:6379/0"
    with pytest.raises(NotFound):
        stores.address_of(session_of("bob", Privilege.SELECT), store)
    monkeypatch.delenv("CACHE_USER")
    with pytest.raises(InvalidInput, match="CACHE_USER, which is not set"):
        stores.address_of(session, store)


def test_a_publication_is_declared_then_done(registry: LocalOnlineRegistry, session: Session) -> None:
    declared = registry.declare(session.principal, NEW)
    assert (declared.published_version, declared.keys, declared.created_by) == (-1, 0, "root")
    registry.done(session.principal, NEW.online_table, Outcome(3, 1_000, 7, "SNAPSHOT"))
    found = registry.publication(session.principal, NEW.online_table)
    assert (found.published_version, found.published_at, found.keys) == (3, 1_000, 7)
    assert (found.features, found.time_to_live) == (("x",), timedelta(hours=1))
    registry.declare(session.principal, NEW)
    assert registry.publication(session.principal, NEW.online_table).published_version == 3


def test_publishing_needs_to_read_and_to_write_the_source(
    registry: LocalOnlineRegistry, session: Session, session_of: Callable[..., Session]
) -> None:
    reader = session_of("ann", Privilege.SELECT)
    with pytest.raises(Denied, match="MODIFY"):
        registry.declare(reader.principal, NEW)
    registry.declare(session_of("bob", Privilege.SELECT, Privilege.MODIFY).principal, NEW)
    assert registry.publication(reader.principal, NEW.online_table).created_by == "bob"
    stranger = session_of("eve")
    assert registry.publications(stranger.principal) == []
    with pytest.raises(NotFound, match="Nothing is published"):
        registry.publication(stranger.principal, NEW.online_table)
    with pytest.raises(Denied):
        registry.forget(reader.principal, NEW.online_table)


def test_an_online_table_belongs_to_one_source_and_one_store(
    registry: LocalOnlineRegistry, session: Session, fe: FeatureEngineeringClient
) -> None:
    registry.declare(session.principal, NEW)
    session.sql("CREATE TABLE dev.shop.items (id BIGINT NOT NULL, x DOUBLE)")
    fe.create_online_store(name="near")
    with pytest.raises(Conflict, match=r"published of dev\.shop\.users, not of dev\.shop\.items"):
        registry.declare(
            session.principal, NewPublication(NEW.online_table, "default", "dev.shop.items", "SNAPSHOT", ())
        )
    with pytest.raises(Conflict, match="lies in the online store default, not in near"):
        registry.declare(session.principal, NewPublication(NEW.online_table, "near", "dev.shop.users", "SNAPSHOT", ()))
    with pytest.raises(AlreadyExists, match="is a table of the catalog"):
        registry.declare(
            session.principal, NewPublication("dev.shop.items", "default", "dev.shop.users", "SNAPSHOT", ())
        )
    with pytest.raises(NotFound, match="no online store far"):
        registry.declare(session.principal, NewPublication("dev.shop.o", "far", "dev.shop.users", "SNAPSHOT", ()))


def test_what_is_published_is_not_dropped(
    registry: LocalOnlineRegistry, session: Session, fe: FeatureEngineeringClient
) -> None:
    fe.create_online_store(name="near")
    registry.declare(session.principal, NewPublication("dev.shop.u", "near", "dev.shop.users", "SNAPSHOT", ()))
    for drop in ("DROP TABLE dev.shop.users", "DROP SCHEMA dev.shop CASCADE", "DROP CATALOG dev CASCADE"):
        with pytest.raises(Conflict, match=r"dev\.shop\.users cannot be dropped: published as dev\.shop\.u") as refused:
            session.sql(drop)
        assert str(refused.value.hint).endswith("boathouse features unpublish dev.shop.u")
    with pytest.raises(Conflict, match=r"near holds dev\.shop\.u"):
        fe.delete_online_store(name="near")
    registry.forget(session.principal, "dev.shop.u")
    fe.delete_online_store(name="near")
    session.sql("DROP TABLE dev.shop.users")


def test_a_renamed_source_is_still_the_one_that_is_published(registry: LocalOnlineRegistry, session: Session) -> None:
    registry.declare(session.principal, NEW)
    session.sql("ALTER TABLE dev.shop.users RENAME TO dev.shop.people")
    assert registry.publication(session.principal, NEW.online_table).source_table == "dev.shop.people"
    assert registry.publications(session.principal, "dev.shop.people")[0].online_table == NEW.online_table


def test_who_published_what_stands_in_the_audit_log(
    registry: LocalOnlineRegistry, session: Session, catalog: Catalog
) -> None:
    registry.declare(session.principal, NEW)
    registry.done(session.principal, NEW.online_table, Outcome(3, 1_000, 7, "SNAPSHOT"))
    registry.forget(session.principal, NEW.online_table)
    actions = [each.action for each in catalog.audit_trail(session.principal) if each.service == "features"]
    assert actions == ["deleteOnlineTable", "publishedTable", "publishTable"]


def test_an_online_table_is_kept_under_its_plain_name(registry: LocalOnlineRegistry, session: Session) -> None:
    declared = registry.declare(session.principal, replace(NEW, online_table="`dev`.`shop`.`users_online`"))
    assert declared.online_table == "dev.shop.users_online"
    assert registry.publication(session.principal, "dev.shop.users_online") == declared


def test_what_cannot_be_published_is_no_publication() -> None:
    with pytest.raises(InvalidInput, match="no publish mode 'HOURLY'"):
        replace(NEW, mode="HOURLY")
    with pytest.raises(InvalidInput, match="lets nothing live"):
        replace(NEW, time_to_live=timedelta(0))


def test_a_name_in_another_schema_needs_the_right_to_make_tables_there(
    registry: LocalOnlineRegistry, catalog: Catalog, session: Session, session_of: Callable[..., Session]
) -> None:
    catalog.securables.create_schema(SYSTEM, SchemaName("dev", "serving"))
    elsewhere = replace(NEW, online_table="dev.serving.users")
    ann = session_of("ann", Privilege.SELECT, Privilege.MODIFY)
    with pytest.raises((Denied, NotFound), match="serving"):
        registry.declare(ann.principal, elsewhere)
    catalog.grants.grant(
        SYSTEM, "ann", [Privilege.USE_SCHEMA, Privilege.CREATE_TABLE], SecurableKind.SCHEMA, "dev.serving"
    )
    assert registry.declare(ann.principal, elsewhere).online_table == "dev.serving.users"
    with pytest.raises(NotFound, match=r"dev\.nowhere"):
        registry.declare(session.principal, replace(NEW, online_table="dev.nowhere.users"))


def test_a_new_table_does_not_take_over_what_a_renamed_one_has_published(
    registry: LocalOnlineRegistry, session: Session
) -> None:
    registry.declare(session.principal, NEW)
    session.sql("ALTER TABLE dev.shop.users RENAME TO dev.shop.people")
    session.sql("CREATE TABLE dev.shop.users (id BIGINT NOT NULL, x DOUBLE)")
    with pytest.raises(Conflict, match=r"holds what is published of dev\.shop\.people, not of dev\.shop\.users"):
        registry.declare(session.principal, NEW)
    registry.declare(session.principal, replace(NEW, source_table="dev.shop.people"))


@pytest.mark.parametrize("option", ["PASSWORD=hunter2", "decode_responses=true", "nosuch=hunter2"])
def test_an_address_has_no_options_that_are_not_for_everybody(fe: FeatureEngineeringClient, option: str) -> None:
    with pytest.raises(InvalidInput, match="has no option") as refused:
        fe.create_online_store(name="shared", kind="redis", url=f"redis://cache:6379/0?{option}")
    assert "hunter2" not in str(refused.value)
    fe.create_online_store(name="shared", kind="redis", url="rediss://cache:6379?db=1&ssl_cert_reqs=required")
