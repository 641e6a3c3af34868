"""Webhooks tell of events: all that fit, none twice, nothing that their owner may not see."""

import importlib.util
from datetime import timedelta
from pathlib import Path

import pytest

from boathouse.catalog import Privilege, SecurableKind
from boathouse.catalog.events import EventType, NewEvent, repository
from boathouse.catalog.events.nouns import KNOWN_TYPES
from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.errors import AlreadyExists, Conflict, InvalidInput, NotFound
from boathouse.foundation.names import SchemaName
from boathouse.notifications.messages import DeliveryState
from boathouse.notifications.webhooks.pump import WebhookPump
from boathouse.notifications.webhooks.webhooks import Parts, WebhookChange, Webhooks

_spec = importlib.util.spec_from_file_location("servers", Path(__file__).with_name("servers.py"))
assert _spec is not None and _spec.loader is not None
servers = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(servers)
MODEL = "c.s.delay"


class Desk:
    """Webhooks beside the post; the test says what happens."""

    def __init__(self, post, web) -> None:
        self.post, self.web = post, web
        parts = Parts(post.database, post.catalog.events, post.catalog.identities, KNOWN_TYPES, post.clock)
        self.parts = parts
        self.webhooks = Webhooks(parts, post.destinations, post.catalog.audit)
        self.pump = WebhookPump(parts)
        post.destinations.create(post.ada, "hook", {"generic_webhook": {"url": web.url}})
        post.catalog.securables.create_catalog(post.ada, "c")
        post.catalog.securables.create_schema(post.ada, SchemaName("c", "s"))
        post.catalog.securables.register(post.ada, SecurableKind.REGISTERED_MODEL, MODEL, parent="c.s")

    def happens(self, type: EventType = EventType.ALIAS_MOVED, subject: str = MODEL, **data: object) -> None:
        with self.post.database.write() as connection:
            now = epoch_ms(self.post.clock.now())
            repository.write(connection, [NewEvent(type, subject, "ada", data)], now)

    def told(self) -> list[dict]:
        """What the receiver got, after everything was pumped and delivered."""
        self.pump.pump()
        while self.post.after(seconds=1):
            pass
        return [each.json for each in self.web.received]

    def lets_bob_see(self) -> None:
        grants = self.post.catalog.grants
        for privilege, kind, name in (
            (Privilege.USE_CATALOG, SecurableKind.CATALOG, "c"),
            (Privilege.USE_SCHEMA, SecurableKind.SCHEMA, "c.s"),
            (Privilege.EXECUTE, SecurableKind.REGISTERED_MODEL, MODEL),
        ):
            grants.grant(self.post.ada, "bob", [privilege], kind, name)


@pytest.fixture
def desk(post):
    with servers.web_server() as web:
        yield Desk(post, web)


def test_an_event_that_fits_is_told_once_signed_and_whole(desk: Desk) -> None:
    desk.webhooks.create(desk.post.ada, "moves", "hook", {"types": ["model_version_alias.*"], "subject": "c.s.*"})
    desk.happens(alias="champion", version=3)
    desk.happens(EventType.RUN_FAILED, "7")

    (told,) = desk.told()
    assert (told["event_type"], told["subject"], told["data"]) == (
        "model_version_alias.moved", MODEL, {"alias": "champion", "version": 3},
    )  # fmt: skip
    assert (told["principal"], told["webhook"]) == ("ada", "moves")
    assert told["event_id"] == desk.post.catalog.events.page(desk.post.ada, _any(), limit=9)[0][1].event_id
    assert desk.web.received[0].headers["webhook-signature"].startswith("v1,")
    assert desk.told() == [told]


def test_what_happened_before_or_while_it_was_paused_is_not_told(desk: Desk) -> None:
    desk.happens(version=1)
    desk.webhooks.create(desk.post.ada, "moves", "hook", {"types": ["*"]})
    desk.happens(version=2)
    assert [each["data"] for each in desk.told()] == [{"version": 2}]

    desk.webhooks.update(desk.post.ada, "moves", WebhookChange(is_paused=True))
    desk.happens(version=3)
    desk.webhooks.update(desk.post.ada, "moves", WebhookChange(is_paused=False))
    desk.happens(version=4)
    assert [each["data"]["version"] for each in desk.told()] == [2, 4]


def test_a_webhook_sees_what_its_owner_may_see_at_that_moment(desk: Desk) -> None:
    desk.webhooks.create(desk.post.bob, "bobs", "hook", {"types": ["*"]})
    desk.happens(version=1)
    assert desk.told() == []

    desk.lets_bob_see()
    desk.happens(version=2)
    desk.happens(EventType.DEPLOYED, "b/dev", owner="ada")
    desk.happens(EventType.DEPLOYED, "b/prod", owner="")
    assert [(each["subject"], each["data"].get("version")) for each in desk.told()] == [(MODEL, 2), ("b/prod", None)]


def test_events_can_be_told_again_and_a_receiver_can_tell_that(desk: Desk) -> None:
    desk.happens(version=1)
    desk.webhooks.create(desk.post.ada, "moves", "hook", {"types": ["model_version*"]})
    start = desk.post.clock.now()
    desk.post.clock.advance(timedelta(minutes=1))
    desk.happens(version=2)
    desk.happens(EventType.RUN_FAILED, "7")
    (first,) = desk.told()

    assert desk.webhooks.replay(desk.post.ada, "moves", since=epoch_ms(start + timedelta(seconds=1))) == 1
    assert desk.webhooks.replay(desk.post.ada, "moves", event_ids=[first["event_id"]]) == 1
    assert desk.webhooks.replay(desk.post.ada, "moves", since=0) == 2
    told = desk.told()[1:]
    assert [each["data"]["version"] for each in told] == [2, 2, 1, 2]
    assert told[0] == {**first, "replayed": True}
    assert len({each.headers["webhook-id"] for each in desk.web.received}) == 5


def test_a_replay_needs_a_beginning_or_events_that_are_its_business(desk: Desk) -> None:
    desk.webhooks.create(desk.post.ada, "moves", "hook", {"types": ["run.failed"]})
    desk.happens()
    (event,) = repository.after(desk.post.database, 0)
    for said in ({}, {"since": 1, "event_ids": ["x"]}, {"event_ids": ["x"]}, {"event_ids": [event.event_id]}):
        with pytest.raises(InvalidInput):
            desk.webhooks.replay(desk.post.ada, "moves", **said)


def test_two_pumps_tell_every_event_once(desk: Desk) -> None:
    import threading

    desk.webhooks.create(desk.post.ada, "moves", "hook", {"types": ["*"]})
    for version in range(60):
        desk.happens(version=version)
    pumps = [threading.Thread(target=WebhookPump(desk.parts).pump) for _ in range(4)]
    for each in pumps:
        each.start()
    for each in pumps:
        each.join()

    kept = desk.post.outbox.list(limit=1000)
    assert sorted(each.payload["data"]["version"] for each in kept) == list(range(60))


def test_what_was_given_up_is_listed_and_can_be_tried_again(desk: Desk) -> None:
    desk.webhooks.create(desk.post.ada, "moves", "hook", {"types": ["*"]})
    desk.web.answers = [410]
    desk.happens()
    desk.told()

    (dead,) = desk.webhooks.deliveries(desk.post.ada, "moves", state=DeliveryState.DEAD)
    assert dead.error == "The answer was 410: ok"
    assert desk.webhooks.retry(desk.post.ada, "moves", [dead.sequence]) == 1
    assert len(desk.told()) == 2


def test_a_webhook_that_is_deleted_tells_nothing_more(desk: Desk) -> None:
    desk.webhooks.create(desk.post.ada, "moves", "hook", {"types": ["*"]})
    desk.happens()
    desk.pump.pump()
    desk.webhooks.delete(desk.post.ada, "moves")

    assert desk.told() == []
    assert (desk.post.last.state, desk.post.last.error) == (DeliveryState.DEAD, "The webhook was deleted.")


def test_webhooks_of_others_are_not_to_be_found(desk: Desk) -> None:
    desk.webhooks.create(desk.post.ada, "moves", "hook", {"types": ["*"]})
    desk.webhooks.create(desk.post.bob, "bobs", "hook", {"types": ["run.failed"]})

    assert [each.name for each in desk.webhooks.list(desk.post.bob)] == ["bobs"]
    assert [each.name for each in desk.webhooks.list(desk.post.ada)] == ["bobs", "moves"]
    for verb in (desk.webhooks.get, desk.webhooks.delete, desk.webhooks.test, desk.webhooks.deliveries):
        with pytest.raises(NotFound, match="no webhook 'moves'"):
            verb(desk.post.bob, "moves")


@pytest.mark.parametrize(
    ("name", "destination", "wanted", "error", "message"),
    [
        ("moves", "hook", {"types": ["*"]}, AlreadyExists, "already"),
        ("new", "hok", {"types": ["*"]}, NotFound, "Did you mean hook"),
        ("new", "hook", {"types": ["model_version.creatd"]}, InvalidInput, "Did you mean model_version.created"),
        ("new", "hook", {"type": ["*"]}, InvalidInput, "unknown field 'type'"),
        ("a/b", "hook", {"types": ["*"]}, InvalidInput, "no name"),
    ],
)
def test_a_webhook_that_cannot_be_says_why(desk: Desk, name, destination, wanted, error, message) -> None:
    desk.webhooks.create(desk.post.ada, "moves", "hook", {"types": ["*"]})
    with pytest.raises(error, match=message):
        desk.webhooks.create(desk.post.ada, name, destination, wanted)
    with pytest.raises(NotFound):
        desk.webhooks.get(desk.post.ada, "new")


def test_a_webhook_that_can_tell_nothing_says_why(desk: Desk) -> None:
    adas = desk.webhooks.create(desk.post.ada, "adas", "hook", {"types": ["*"]})
    bobs = desk.webhooks.create(desk.post.bob, "bobs", "hook", {"types": ["*"]})
    desk.post.catalog.identities.delete(desk.post.ada, "bob")
    assert desk.webhooks.problem_of(adas) is None
    assert "owner bob is gone" in (desk.webhooks.problem_of(bobs) or "")

    desk.happens()
    assert len(desk.told()) == 1
    desk.post.destinations.delete(desk.post.ada, "hook")
    assert "destination was deleted" in (desk.webhooks.problem_of(adas) or "")


def test_nobody_has_more_webhooks_than_one_can_look_after(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boathouse.notifications.webhooks.webhooks.MOST_OF_ONE", 1)
    for who, name in ((desk.post.bob, "one"), (desk.post.ada, "two"), (desk.post.ada, "three")):
        desk.webhooks.create(who, name, "hook", {"types": ["*"]})
    with pytest.raises(Conflict, match="the most that one may have"):
        desk.webhooks.create(desk.post.bob, "four", "hook", {"types": ["*"]})


def test_people_read_an_event_as_a_sentence(desk: Desk) -> None:
    desk.post.destinations.create(desk.post.ada, "chat", {"slack": {"url": desk.web.url + "/slack"}})
    desk.webhooks.create(desk.post.ada, "moves", "chat", {"types": ["*"]})
    desk.happens(alias="champion", version=3, reason="better on <all> rows")

    (told,) = desk.told()
    assert told["text"].split("\n") == [
        f"champion of {MODEL} points at version 3.", "By ada.", "alias: champion", "version: 3",
        "reason: better on &lt;all&gt; rows",
    ]  # fmt: skip


def _any():
    from boathouse.foundation.event_filter import EventFilter

    return EventFilter(types=["*"])
