"""Messages arrive, at least once, signed; what cannot arrive is seen."""

import base64
import hashlib
import hmac
import importlib.util
import time
from datetime import timedelta
from pathlib import Path

import pytest

from boathouse.foundation.errors import AlreadyExists, Denied, InvalidInput, NotFound
from boathouse.notifications import courier
from boathouse.notifications.courier import PER_DESTINATION
from boathouse.notifications.messages import DeliveryState, Message
from boathouse.notifications.outbox import write
from boathouse.notifications.senders import deadlines

_spec = importlib.util.spec_from_file_location("servers", Path(__file__).with_name("servers.py"))
assert _spec is not None and _spec.loader is not None
servers = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(servers)


@pytest.fixture
def web():
    with servers.web_server() as server:
        yield server


@pytest.fixture
def smtp():
    with servers.mail_server() as server:
        yield server


def webhook(post, url: str, **more: str) -> tuple[str, str]:
    made, told = post.destinations.create(post.ada, "hook", {"generic_webhook": {"url": url, **more}})
    return made.destination_id, told["generic_webhook"]["signing_secret"]


def test_a_webhook_gets_the_documented_shape_with_a_signature(post, web) -> None:
    destination, secret = webhook(post, web.url + "/in", username="u", password="p")
    post.send(destination)

    assert [post.after(seconds=1), post.after(seconds=1)] == [1, 0]

    (got,) = web.received
    assert got.path == "/in"
    assert (got.json["event_type"], got.json["run"], got.json["job"]["job_id"]) == (
        "jobs.on_failure", {"run_id": "7"}, "3",
    )  # fmt: skip
    assert got.json["event_id"] == got.headers["webhook-id"] == post.last.delivery_id
    signed = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
    digest = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    assert got.headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()
    assert got.headers["authorization"] == "Basic " + base64.b64encode(b"u:p").decode()
    assert post.last.state is DeliveryState.DELIVERED


def test_a_delivery_is_tried_again_with_the_same_id_until_it_arrives(post, web) -> None:
    destination, _ = webhook(post, web.url)
    web.answers = [500, 503]
    post.send(destination)

    assert [post.after(seconds=1), post.after(seconds=1), post.after(seconds=5), post.after(seconds=30)] == [1, 0, 1, 1]

    assert len({got.headers["webhook-id"] for got in web.received}) == 1
    assert (post.last.state, post.last.attempts, post.last.error) == (DeliveryState.DELIVERED, 3, None)


def test_what_cannot_be_delivered_is_given_up_seen_and_can_be_sent_again(post, web) -> None:
    destination, _ = webhook(post, web.url)
    web.answers = [500] * 9
    post.send(destination)
    while post.last.state is DeliveryState.PENDING:
        post.after(hours=7)

    (dead,) = post.destinations.deliveries(post.ada, state=DeliveryState.DEAD)
    assert (dead.attempts, dead.error) == (9, "The answer was 500: ok")

    assert post.destinations.retry(post.ada, [dead.sequence]) == 1
    post.after(seconds=1)
    assert post.last.state is DeliveryState.DELIVERED


def test_a_courier_that_dies_while_it_sends_loses_nothing(post, web) -> None:
    destination, _ = webhook(post, web.url)
    post.send(destination)
    now = round(post.clock.now().timestamp() * 1000)

    assert len(post.outbox.take(now, 4)) == 1  # and here it dies

    assert [post.after(seconds=29), post.after(seconds=2)] == [0, 1]
    assert post.last.state is DeliveryState.DELIVERED


def test_two_couriers_do_not_send_the_same_message(post, web) -> None:
    destination, _ = webhook(post, web.url)
    for _ in range(8):
        post.send(destination)
    other = post.another_courier()

    while post.courier.deliver_due() + other.deliver_due():
        pass

    assert len(web.received) == 8
    other.stop()


def test_a_redirect_is_not_followed(post, web) -> None:
    destination, _ = webhook(post, web.url)
    web.answers = [302]
    post.send(destination)
    post.after(seconds=1)

    assert [got.path for got in web.received] == ["/"]
    assert "The answer was 302" in str(post.last.error)


def test_a_server_that_is_not_there_is_tried_again(post) -> None:
    destination, _ = webhook(post, "http://127.0.0.1:9/")
    post.send(destination)
    post.after(seconds=1)

    assert post.last.state is DeliveryState.PENDING
    assert "There was no answer" in str(post.last.error)


def test_a_destination_that_says_it_is_gone_is_not_asked_again(post, web) -> None:
    destination, _ = webhook(post, web.url)
    web.answers = [410]
    post.send(destination)
    post.after(seconds=1)

    assert post.last.state is DeliveryState.DEAD


def test_what_is_sent_to_a_deleted_destination_is_given_up_with_the_reason(post, web) -> None:
    destination, _ = webhook(post, web.url)
    post.send("hook")
    post.destinations.delete(post.ada, destination)
    post.after(seconds=1)

    assert (post.last.state, web.received) == (DeliveryState.DEAD, [])
    assert "There is no notification destination 'hook'" in str(post.last.error)


def test_mail_arrives_and_a_name_cannot_smuggle_headers(post, smtp) -> None:
    post.courier = post.another_courier(f"smtp://127.0.0.1:{smtp.port}")
    post.send("ada@example.org", is_email=True)
    post.after(seconds=1)

    ((recipients, mail),) = smtp.mails
    assert recipients == ["ada@example.org"]
    assert "Subject: Job train Bcc: evil@example.org has failed\r\n" in mail
    assert "\r\nBcc:" not in mail
    assert f"Message-ID: <{post.last.delivery_id}@boathouse>" in mail
    assert "http://boathouse.test/ui/runs/7" in mail


def test_an_address_that_the_server_refuses_for_good_is_given_up(post, smtp) -> None:
    post.courier = post.another_courier(f"smtp://127.0.0.1:{smtp.port}")
    post.send("x@nobody.example", is_email=True)
    post.after(seconds=1)

    assert post.last.state is DeliveryState.DEAD
    assert "550" in str(post.last.error)


def test_a_mail_server_that_is_busy_is_asked_again(post, smtp) -> None:
    post.courier = post.another_courier(f"smtp://127.0.0.1:{smtp.port}")
    smtp.refuses = True
    post.send("ada@example.org", is_email=True)
    post.after(seconds=1)
    assert post.last.state is DeliveryState.PENDING

    smtp.refuses = False
    post.after(seconds=6)
    assert len(smtp.mails) == 1


def test_without_a_mail_server_mail_is_given_up_with_what_to_do(post) -> None:
    post.send("ada@example.org", is_email=True)
    post.after(seconds=1)

    assert (post.last.state, post.last.error) == (
        DeliveryState.DEAD, "No mail server is configured: set BOATHOUSE_SMTP_URL.",
    )  # fmt: skip


@pytest.mark.filterwarnings("ignore:'imghdr'")  # Apprise asks for it
def test_chat_services_get_words(post, web, monkeypatch) -> None:
    monkeypatch.setattr("boathouse.notifications.senders.chat.PAGERDUTY_URL", web.url + "/pagerduty")
    for name, config in {
        "slack": {"slack": {"url": web.url + "/slack"}},
        "teams": {"microsoft_teams": {"url": web.url + "/teams"}},
        "pager": {"pagerduty": {"integration_key": "k"}},
        "json": {"apprise": {"url": web.url.replace("http://", "json://") + "/apprise"}},
    }.items():
        post.destinations.create(post.ada, name, config)
        post.send(name)
    post.after(seconds=1)

    found = {got.path: got.json for got in web.received}
    assert "no &lt;rows&gt; &amp; more" in found["/slack"]["text"]
    assert "Job train Bcc: evil@example.org has failed." in str(found["/teams"])
    assert found["/pagerduty"]["routing_key"] == "k"
    assert found["/pagerduty"]["payload"]["severity"] == "error"
    assert "has failed" in found["/apprise"]["title"]


def test_a_test_message_arrives(post, web) -> None:
    webhook(post, web.url)
    post.destinations.test(post.ada, "HOOK")
    post.after(seconds=1)
    assert web.received[0].json["event_type"] == "notifications.test"


# --- destinations


def test_only_administrators_make_change_and_delete_destinations_and_see_deliveries(post, web) -> None:
    destination, _ = webhook(post, web.url)
    for act in (
        lambda: post.destinations.create(post.bob, "b", {"email": {"addresses": ["b@example.org"]}}),
        lambda: post.destinations.update(post.bob, destination, name="b"),
        lambda: post.destinations.delete(post.bob, destination),
        lambda: post.destinations.test(post.bob, destination),
        lambda: post.destinations.deliveries(post.bob),
        lambda: post.destinations.retry(post.bob, [1]),
    ):
        with pytest.raises(Denied, match="only administrators may"):
            act()
    assert [each.name for each in post.destinations.list(post.bob)] == ["hook"]


def test_what_it_takes_to_reach_a_destination_is_nowhere_in_the_database(post, tmp_path) -> None:
    url = "https://hooks.example.org/T0123456789SECRET"
    made, _ = post.destinations.create(post.ada, "slack", {"slack": {"url": url}})
    assert post.destinations.get(post.ada, made.destination_id).config == {"slack": {"url_set": True}}
    post.database.dispose()

    content = b"".join(file.read_bytes() for file in (tmp_path / "home" / "db").iterdir())
    assert b"T0123456789SECRET" not in content


def test_a_name_is_taken_once_and_a_mistyped_one_is_answered_with_the_near_one(post, web) -> None:
    webhook(post, web.url)
    with pytest.raises(AlreadyExists):
        webhook(post, web.url)
    with pytest.raises(NotFound, match="Did you mean hook"):
        post.destinations.get(post.ada, "hok")


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ({}, "exactly one thing; there is none"),
        ({"slack": {"url": "https://x.org"}, "email": {"addresses": ["a@b.c"]}}, "email and slack"),
        ({"slack": {"url": "ftp://x.org"}}, "https:// or http://"),
        ({"slack": {"url": "https://x.org/\r\nX: y"}}, "https:// or http://"),
        ({"generic_webhook": {"url": "http://[::1"}}, "https:// or http://"),
        ({"generic_webhook": {"url": "http://x.org:99999999/"}}, "https:// or http://"),
        ({"generic_webhook": {"url": "https://x.org", "signing_secret": "short"}}, "signing_secret"),
        ({"slak": {"url": "https://x.org"}}, "Did you mean slack"),
        ({"email": {"addresses": []}}, "email.addresses"),
        ({"email": {"addresses": ["a@b.c", "x@y.z\r\nBcc: b@c.d"]}}, "is no e-mail address"),
        ({"apprise": {"url": "nosuchservice://x"}}, "Apprise does not know"),
    ],
)
@pytest.mark.filterwarnings("ignore:'imghdr'")
def test_a_destination_that_cannot_work_is_refused(post, config, problem) -> None:
    with pytest.raises(InvalidInput, match=problem):
        post.destinations.create(post.ada, "x", config)
    assert post.destinations.list(post.ada) == []


@pytest.mark.parametrize("url", ["localhost", "http://x", "smtp://", "smtp://x:port"])
def test_an_address_of_no_mail_server_is_refused(url: str) -> None:
    from boathouse.notifications.senders.mail import MailServer

    with pytest.raises(InvalidInput, match="BOATHOUSE_SMTP_URL"):
        MailServer.parse(url)


def test_a_target_that_hangs_holds_up_nobody_else(post, web) -> None:
    with servers.hanging_server() as hanging:
        post.destinations.create(post.ada, "hangs", {"generic_webhook": {"url": hanging.url}})
        post.destinations.create(post.ada, "works", {"generic_webhook": {"url": web.url}})
        for _ in range(40):
            post.send("hangs")
        for _ in range(5):
            post.send("works")
        post.clock.advance(timedelta(seconds=1))
        post.courier.start()
        wait_until(lambda: len(web.received) == 5)

        assert hanging.connections <= PER_DESTINATION
        hanging.let_go()
        post.courier.stop()


def test_many_targets_that_hang_with_much_to_be_told_hold_up_nobody_else(
    post, web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier, "PARALLEL", 4)
    monkeypatch.setattr(courier, "AILING_SHARE", 2)
    monkeypatch.setattr(deadlines, "HEAD_SECONDS", 0.3)
    with servers.hanging_server() as hanging:
        for number in range(6):
            post.destinations.create(post.ada, f"hangs {number}", {"generic_webhook": {"url": hanging.url}})
        post.destinations.create(post.ada, "works", {"generic_webhook": {"url": web.url}})
        waiting = [Message("x", f"hangs {number}", {"event_type": "x"}) for number in range(6)] * 300
        with post.database.write() as connection:
            write(connection, waiting, round(post.clock.now().timestamp() * 1000))
        post.clock.advance(timedelta(seconds=1))
        post.courier.start()
        for number in range(5):
            post.send("works")
            wait_until(lambda number=number: len(web.received) > number)

        assert sum(each.attempts == 0 for each in post.outbox.list(limit=2000)) > 100  # they are far from through
        hanging.let_go()
        post.courier.stop()


def wait_until(is_so) -> None:
    for _ in range(1000):
        if is_so():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come about")
