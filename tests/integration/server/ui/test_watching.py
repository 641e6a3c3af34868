"""Monitors, alerts and incidents in a real browser: what was measured, who answers, what is done."""

import secrets
from collections.abc import Callable
from urllib.parse import quote

import pytest
from tests.integration.server.ui.accessible import complaints
from tests.integration.server.ui.conftest import Visit
from tests.integration.server.ui.watching import API, HTML, Watched, ended, playbook_incident, wait_for, watched

from boathouse.testing import LocalBoathouse


@pytest.fixture(scope="module")
def seen(boathouse: LocalBoathouse) -> Watched:
    return watched(boathouse, f"seen_{secrets.token_hex(4)}")


def settled(visit: Visit, address: str) -> None:
    """Open a page and wait until what comes later is there."""
    visit.open(address)
    visit.page.wait_for_function("() => !document.querySelector('.bh-loading')")


def fits(visit: Visit) -> None:
    """Nothing runs, nobody complains, and a narrow page does not scroll sideways."""
    page = visit.page
    assert complaints(page) == []
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("window.hacked === undefined")
    assert visit.errors == []


def test_all_monitors_stand_with_what_their_alerts_say(visit: Visit, seen: Watched) -> None:
    settled(visit, "/ui/monitoring")

    row = visit.page.get_by_role("row").filter(has_text=seen.table)
    assert row.get_by_text("critical fires").is_visible()
    assert row.get_by_text("2026-03-03").is_visible()
    visit.page.get_by_role("region", name="Parts of the platform").or_(
        visit.page.get_by_text("The platform has not looked")
    ).first.wait_for()
    fits(visit)


def test_a_metric_is_drawn_and_a_window_leads_to_its_rows(visit: Visit, seen: Watched) -> None:
    settled(visit, f"/ui/monitoring/{seen.table}")
    page = visit.page

    page.get_by_role("heading", name="num_nulls of wind").wait_for()
    page.get_by_role("img", name="num_nulls of wind over time, 3 windows").locator("canvas").first.wait_for()
    page.get_by_text("an alert saw that 12 is above 5").wait_for()
    page.get_by_text("The figures").click()
    page.get_by_role("link", name="2026-03-02").click()

    page.wait_for_url("**window=*")
    page.get_by_role("heading", name="Window 2026-03-02").wait_for()
    page.get_by_role("img", name="Distribution of wind: this window, window before").wait_for()
    page.get_by_text("The first 20 of 24 rows").wait_for()
    fits(visit)


def test_what_is_chosen_stands_in_the_address(visit: Visit, seen: Watched) -> None:
    settled(visit, f"/ui/monitoring/{seen.table}?column=wind&metric=count")
    page = visit.page
    page.get_by_label("Slice").select_option("sky = fog")

    page.wait_for_url("**slice=sky*")
    page.get_by_role("img", name="count of wind over time, 3 windows").wait_for()
    page.get_by_label("Slice").select_option(f"sky = {HTML}")
    page.wait_for_url("**onerror*")
    page.get_by_role("img", name="count of wind over time, 3 windows").wait_for()
    page.go_back()
    page.wait_for_url("**slice=sky+%3D+fog*")
    fits(visit)


def test_values_that_are_html_are_drawn_as_text(visit: Visit, seen: Watched) -> None:
    settled(visit, f"/ui/monitoring/{seen.table}?column=sky&metric=count")

    visit.page.get_by_text("The distribution in figures").click()
    visit.page.get_by_role("cell", name=HTML).first.wait_for()
    fits(visit)


def test_the_drift_of_all_columns_is_a_table(visit: Visit, seen: Watched) -> None:
    settled(visit, f"/ui/monitoring/{seen.table}?tab=Drift")

    visit.page.get_by_role("heading", name="2026-03-03 against the window before").wait_for()
    link = visit.page.get_by_role("region", name="Drift of the columns").get_by_role("link", name="wind")
    fits(visit)
    link.click()
    visit.page.wait_for_url("**metric=consecutive.js_distance*")


def test_a_monitor_is_refreshed_and_paused_from_its_page(visit: Visit, seen: Watched) -> None:
    settled(visit, f"/ui/monitoring/{seen.table}")
    page = visit.page
    before = ended(seen.client, seen.table)["refresh_id"]
    page.get_by_role("button", name="Refresh now").click()

    page.wait_for_url("**tab=Refreshes")
    row = page.get_by_role("region", name="Refreshes").get_by_role("row").nth(1)
    wait_for(lambda: ended(seen.client, seen.table)["refresh_id"] > before)
    row.get_by_text("success").wait_for()
    fits(visit)

    page.set_viewport_size({"width": 1280, "height": 900})
    page.get_by_role("button", name="Pause the schedule").click()
    page.get_by_role("button", name="Pause", exact=True).click()
    page.get_by_role("button", name="Resume the schedule").wait_for()
    assert seen.client.get(f"{API}/monitors/{seen.table}")["schedule"]["pause_status"] == "PAUSED"


def test_who_may_only_read_is_offered_nothing_to_press(visit_as: Callable[..., Visit], seen: Watched) -> None:
    number = playbook_incident(seen, f"idle_{secrets.token_hex(4)}", groups=["admins"])
    visit = visit_as(seen.reader)
    for address, there in (
        (f"/ui/monitoring/{seen.table}", "num_nulls of wind"),
        (f"/ui/alerts/{quote(seen.alert, safe='')}", "Fires now"),
        (f"/ui/incidents/{number}", "What to do"),
    ):
        settled(visit, address)
        visit.page.get_by_role("heading", name=there).first.wait_for()
        for name in ("Refresh now", "Pause the schedule", "Acknowledge", "Silence", "Resolve", "Start the playbook",
                     "Approve step 1"):  # fmt: skip
            assert visit.page.get_by_role("button", name=name, exact=True).count() == 0


def test_a_table_that_one_may_not_read_has_no_page(visit_as: Callable[..., Visit], seen: Watched) -> None:
    name = f"hidden_{secrets.token_hex(4)}"
    seen.client.post("/api/2.1/unity-catalog/schemas", {"name": name, "catalog_name": "dev"})
    visit = visit_as(seen.reader)
    visit.open(f"/ui/monitoring/dev.{name}.weather")

    visit.page.get_by_role("alert").wait_for()


def test_an_alert_is_acknowledged_with_a_reason(visit: Visit, seen: Watched) -> None:
    settled(visit, "/ui/alerts")
    page = visit.page
    page.get_by_role("link", name=seen.alert).first.click()

    page.get_by_role("heading", name=seen.alert).wait_for()
    page.get_by_text("It fires when num_nulls of wind").first.wait_for()
    page.get_by_text("javascript:window.hacked=1").first.wait_for()
    assert page.locator("a[href^=javascript]").count() == 0
    page.get_by_role("img", name="num_nulls over time").wait_for()
    page.get_by_role("button", name="Acknowledge").click()
    page.get_by_role("dialog").get_by_role("button", name="Acknowledge").click()
    page.get_by_text("Say why; the reason is kept.").wait_for()
    page.get_by_label("Reason").fill(f"I look at it {HTML}")
    page.get_by_role("dialog").get_by_role("button", name="Acknowledge").click()

    page.get_by_text("acknowledged by").first.wait_for()
    page.get_by_role("cell", name=f"I look at it {HTML}").first.wait_for()
    page.wait_for_function("() => !document.querySelector('.bh-loading')")
    fits(visit)


def test_an_alert_is_silenced_for_a_while_and_told_again(visit: Visit, seen: Watched) -> None:
    name = f"quiet_{secrets.token_hex(4)}"
    seen.client.put(f"{API}/alerts/{name}", {"table": seen.table, "metric": "count", "columns": ["wind"], "below": 0})
    settled(visit, f"/ui/alerts/{name}")
    page = visit.page
    page.get_by_role("button", name="Silence").click()
    page.get_by_label("Reason").fill("the sensor is changed")
    page.get_by_role("dialog").get_by_role("button", name="Silence").click()

    page.get_by_role("button", name="End the silence").wait_for()
    (silence,) = [each for each in seen.client.get(f"{API}/alerts/silences")["silences"] if each["pattern"] == name]
    assert silence["why"] == "the sensor is changed"
    page.get_by_role("button", name="End the silence").click()
    page.get_by_role("button", name="Silence").wait_for()


def test_an_incident_tells_what_is_wrong_what_changed_and_what_it_touched(visit: Visit, seen: Watched) -> None:
    settled(visit, "/ui/incidents")
    page = visit.page
    page.get_by_role("link", name=f"Incident {seen.incident}", exact=True).click()

    page.get_by_text("num_nulls of wind: 12 is above 5").first.wait_for()
    page.get_by_role("heading", name="What had changed before").wait_for()
    timeline = page.get_by_role("list", name="Timeline")
    timeline.get_by_text(f"wrote {seen.table}").first.wait_for()
    timeline.get_by_text(f"{seen.alert} fires").wait_for()
    page.get_by_text(f"What lives on {seen.table}.wind").wait_for()
    page.wait_for_function("() => !document.querySelector('.bh-loading')")
    fits(visit)


def test_a_playbook_is_started_for_a_reason_and_its_steps_go_on(visit: Visit, seen: Watched) -> None:
    number = playbook_incident(seen, f"told_{secrets.token_hex(4)}")
    settled(visit, f"/ui/incidents/{number}")
    page = visit.page
    page.get_by_role("list", name="Steps of the playbook").get_by_text(f"Tell the desk {HTML}").wait_for()
    page.get_by_role("button", name="Start the playbook").click()
    page.get_by_label("Reason").fill("nobody knows yet")
    page.get_by_role("dialog").get_by_role("button", name="Start").click()

    steps = page.get_by_role("list", name="Steps of the playbook")
    steps.get_by_text("done", exact=True).wait_for(timeout=90_000)
    page.get_by_role("list", name="Timeline").get_by_text("Starts the playbook: nobody knows yet").wait_for()
    fits(visit)


def test_a_step_is_approved_and_an_incident_noted_reviewed_and_resolved(visit: Visit, seen: Watched) -> None:
    number = playbook_incident(seen, f"asked_{secrets.token_hex(4)}", groups=["admins"])
    address = f"/ui/incidents/{number}"
    settled(visit, address)
    page = visit.page
    page.get_by_role("button", name="Approve step 1").click()
    page.get_by_label("Reason").fill("seen")
    page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    page.get_by_text("Approved by").wait_for()

    page.get_by_label("Add a note").fill(f"the vendor {HTML}")
    page.get_by_role("button", name="Add").click()
    page.get_by_role("list", name="Timeline").get_by_text(f"the vendor {HTML}").wait_for()

    settled(visit, f"{address}?review=edit")
    page.get_by_label("Review, in Markdown").fill(f"# A **broken** sensor\n\n{HTML} [x](javascript:window.hacked=1)")
    page.get_by_role("button", name="Save the review").click()
    page.get_by_role("heading", name="A broken sensor").wait_for()
    page.get_by_text(HTML).last.wait_for()

    page.get_by_role("button", name="Resolve").click()
    page.get_by_label("Reason").fill("a broken sensor")
    page.get_by_role("dialog").get_by_role("button", name="Resolve").click()
    page.get_by_text("closed it: a broken sensor").wait_for()
    assert seen.client.get(f"{API}/incidents/{number}")["state"] == "CLOSED"
    page.wait_for_function("() => !document.querySelector('.bh-loading')")
    fits(visit)


def test_an_incident_that_is_none_says_so(visit: Visit) -> None:
    for number in ("999999", "<b>none"):
        visit.open(f"/ui/incidents/{quote(number, safe='')}")
        visit.page.get_by_text("There is no incident").wait_for()
