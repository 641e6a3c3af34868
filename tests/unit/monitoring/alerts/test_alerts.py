"""Alerts that look at metric tables: what fires, when it ends, who is told how often."""

import pytest

from boathouse.catalog.events import EventType
from boathouse.foundation.errors import Denied, InvalidInput, NotFound
from boathouse.monitoring.alerts.service import AlertNotFound


def test_a_breach_fires_once_until_it_is_fine(watch) -> None:
    watch.measure({0: 1.0})
    watch.put(above=10, severity="critical", runbook="https://wiki/wind")
    watch.measure({1: 50.0})
    assert watch.refreshed() == 1
    watch.measure({2: 60.0})
    assert watch.refreshed() == 0
    (firing,) = watch.open()
    assert (firing.value, firing.threshold, firing.series.get("column")) == (60.0, 10.0, "wind_speed")
    watch.measure({3: 2.0})
    assert watch.refreshed() == 1
    assert watch.open() == []

    fired, resolved = watch.told("alert.fired", "alert.resolved")
    assert (fired.type, fired.subject, fired.data["alert"]) == ("alert.fired", "dev.lab.weather", "nulls")
    assert (fired.data["value"], fired.data["metric"], fired.data["severity"]) == (50.0, "percent_null", "critical")
    assert resolved.type == "alert.resolved"
    begun, ended = watch.messages()
    assert begun.payload["title"] == "CRITICAL: nulls fires for wind_speed"
    assert begun.payload["lines"][-1] == "Runbook: https://wiki/wind"
    assert ended.payload["title"] == "CRITICAL: nulls is fine again for wind_speed"
    assert (begun.payload["is_over"], ended.payload["is_over"]) == (False, True)


def test_looking_again_changes_nothing(watch) -> None:
    watch.measure({0: 1.0})
    watch.put(above=10)
    watch.measure({1: 50.0})
    watch.refreshed()
    assert (watch.look().fired, watch.look().resolved) == ((), ())
    assert len(watch.fired()) == 1


def test_a_new_alert_judges_the_newest_window_and_what_comes_after(watch) -> None:
    watch.measure({0: 50.0, 1: 1.0, 2: 60.0})
    watch.put(above=10)
    assert [each.value for each in watch.fired()] == [60.0]


def test_what_came_and_went_between_two_refreshes_is_told_too(watch) -> None:
    watch.measure({0: 1.0})
    watch.put(above=10)
    watch.measure({1: 50.0, 2: 1.0, 3: 70.0, 4: 2.0})
    assert watch.refreshed() == 2  # one that fires, one that is fine again
    assert [(each.value, each.is_open) for each in watch.fired()] == [(50.0, False), (70.0, False)]


def test_a_window_whose_labels_come_late_is_judged_when_it_is_known(watch) -> None:
    watch.measure({0: 0.9}, "avg")
    watch.put(metric="avg", below=0.7)
    watch.measure({1: None, 2: 0.9}, "avg")
    watch.refreshed()
    assert watch.fired() == []
    watch.measure({1: 0.4}, "avg")
    watch.refreshed()
    assert [(each.value, each.is_open) for each in watch.fired()] == [(0.4, False)]


def test_a_column_that_is_all_null_does_not_fire_and_does_not_end(watch) -> None:
    watch.measure({0: 0.9}, "avg")
    watch.put(metric="avg", below=0.7)
    watch.measure({1: 0.1}, "avg")
    watch.refreshed()
    watch.measure({2: None}, "avg")
    watch.refreshed()
    assert len(watch.open()) == 1


def test_many_columns_of_a_table_are_one_message(watch) -> None:
    watch.measure({0: 1.0})
    watch.put(above=10)
    watch.put("means", metric="avg", above=100, severity="critical")
    for column in ("wind_speed", "temp", "pressure"):
        watch.measure({1: 50.0}, column_name=column, avg=500.0)
    assert watch.refreshed() == 1
    (message,) = watch.messages()
    assert message.payload["title"].startswith("CRITICAL: means fires for ")
    assert message.payload["title"].endswith("(and 5 more)")
    assert [each["alert"] for each in message.payload["alerts"]] == ["means", "nulls"]
    assert len(watch.told("alert.fired")) == 2


def test_an_alert_may_ask_for_messages_of_its_own(watch) -> None:
    watch.measure({0: 1.0})
    watch.put(above=10)
    watch.put("alone", above=20, group=False)
    watch.measure({1: 50.0})
    assert watch.refreshed() == 2


def test_only_the_columns_slices_and_models_that_are_named_are_watched(watch) -> None:
    watch.measure({0: 1.0})
    watch.measure({1: 50.0}, column_name="temp")
    watch.measure({1: 60.0}, column_name="wind_gust", slice_key="origin", slice_value="JFK")
    watch.measure({1: 70.0}, column_name="wind_chill", model_id="3")
    watch.put("wind", above=10, columns=["wind_*"])
    watch.put("jfk", above=10, slices={"origin": "JFK"})
    watch.put("three", above=10, model="3")
    watch.put("all", above=10, slices="all")
    names = {name: sorted(each.series.text for each in watch.fired(name)) for name in ("wind", "jfk", "three", "all")}
    assert names == {
        "wind": [],
        "jfk": ["wind_gust, origin = JFK"],
        "three": ["wind_chill, model = 3"],
        "all": ["temp", "wind_gust, origin = JFK"],
    }


def test_drift_has_its_table_and_its_comparison(watch) -> None:
    watch.drift({0: 0.1})
    watch.put("js", metric="js_distance", above=0.3)
    watch.put("ks", metric="ks_test.pvalue", below=0.05)
    watch.drift({1: 0.99}, drift_type="CONSECUTIVE")
    watch.refreshed()
    assert watch.fired("js") == watch.fired("ks") == []
    watch.drift({1: 0.99})
    watch.refreshed()
    assert [each.value for each in watch.fired("js")] == [0.99]
    assert len(watch.fired("ks")) == 1


def test_a_change_and_an_anomaly_compare_with_the_windows_before(watch) -> None:
    watch.measure({day: 10.0 + day % 3 for day in range(12)}, "avg")
    watch.put("jump", metric="avg", change={"above": 0.5, "relative": True})
    watch.put("odd", metric="avg", anomaly={"windows": 10})
    watch.measure({12: 60.0}, "avg")
    watch.refreshed()
    assert len(watch.fired("jump")) == len(watch.fired("odd")) == 1


def test_no_new_window_within_a_span_is_wrong_too(watch) -> None:
    watch.measure({30: 1.0})  # until the first of April
    watch.put("silent", missing="2d")
    assert watch.open("silent") == []
    watch.clock.advance(watch_days(3))
    assert watch.go_on() == 1
    (firing,) = watch.open("silent")
    assert firing.why == "no window has ended since 2026-04-01 00:00; one was expected within 2d"
    watch.measure({31: 1.0, 32: 1.0})
    watch.refreshed()
    assert watch.open("silent") == []


def watch_days(days: int):
    from datetime import timedelta

    return timedelta(days=days)


def test_a_table_that_was_deleted_is_told_once_and_harms_no_other_alert(watch) -> None:
    watch.measure({0: 1.0})
    watch.drift({0: 0.1})
    watch.put(above=10)
    watch.put("js", metric="js_distance", above=0.3)
    watch.session.sql("DROP TABLE dev.lab.weather_profile_metrics")
    watch.drift({1: 0.9})
    assert watch.refreshed() == 1
    assert (watch.state(), watch.state("js")) == ("PROBLEM", "FIRING")
    assert watch.open()[0].is_problem
    assert watch.refreshed() == 0
    watch.measure({1: 1.0})
    watch.clock.advance(watch_days(1))
    watch.go_on()
    assert watch.state() == "FINE"


def test_an_alert_waits_for_a_table_that_is_still_to_come(watch) -> None:
    watch.watched()
    watch.put(above=10)
    assert (watch.state(), watch.messages()) == ("WAITING", [])
    watch.measure({0: 50.0, 1: 60.0})
    watch.refreshed()
    assert len(watch.open()) == 1


def test_a_wrong_column_is_known_when_the_alert_is_put(watch) -> None:
    watch.measure({0: 1.0})
    with pytest.raises(InvalidInput, match=r"no column 'percent_nul'.*percent_null"):
        watch.put(metric="percent_nul", above=10)


def test_rows_of_any_table_may_be_watched(watch) -> None:
    watch.session.sql(
        "CREATE TABLE dev.lab.latency AS SELECT timestamp '2026-03-01' AS at, 'delays' AS endpoint, 20.0D AS p99"
    )
    watch.put("slow", metric="p99", above=100, rows={"table": "dev.lab.latency", "time": "at", "by": ["endpoint"]})
    watch.session.sql("INSERT INTO dev.lab.latency VALUES (timestamp '2026-03-02', 'delays', 500.0D)")
    watch.clock.advance(watch_days(1))
    watch.go_on()
    (firing,) = watch.open("slow")
    assert (firing.series.text, firing.value) == ("endpoint = delays", 500.0)


# --- silences


def test_nobody_is_told_while_it_is_silenced_and_what_lasts_is_told_after(watch) -> None:
    watch.measure({0: 1.0})
    watch.put(above=10)
    made = watch.alerts.silence(watch.ada, "nulls", "2d", "the feed is repaired")
    watch.measure({1: 50.0})
    assert watch.refreshed() == 0
    assert len(watch.open()) == 1
    assert [each.by for each in watch.alerts.silences(watch.ada)] == ["ada"]
    watch.clock.advance(watch_days(1))
    assert watch.go_on() == 0
    watch.alerts.end_silence(watch.ada, made.silence_id)
    assert watch.go_on() == 1
    assert watch.alerts.silences(watch.ada) == []


def test_what_comes_and_goes_while_it_is_silenced_is_never_told(watch) -> None:
    watch.measure({0: 1.0})
    watch.put(above=10)
    watch.alerts.silence(watch.ada, "nul*", "1d", "a test")
    watch.measure({1: 50.0})
    watch.refreshed()
    watch.measure({2: 1.0})
    watch.refreshed()
    watch.clock.advance(watch_days(2))
    assert (watch.go_on(), len(watch.fired())) == (0, 1)


def test_a_silence_needs_a_reason_and_an_end(watch) -> None:
    watch.measure({0: 1.0})
    watch.put(above=10)
    with pytest.raises(InvalidInput, match="Say why"):
        watch.alerts.silence(watch.ada, "nulls", "1d", " ")
    with pytest.raises(InvalidInput, match="too long"):
        watch.alerts.silence(watch.ada, "nulls", "400d", "x")
    with pytest.raises(AlertNotFound):
        watch.alerts.silence(watch.ada, "null", "1d", "x")


def test_it_reminds_as_long_as_it_lasts_if_it_is_asked_to(watch) -> None:
    watch.measure({0: 50.0})
    watch.put(above=10, tell_again="1d")
    assert watch.go_on() == 1
    assert watch.go_on() == 0
    watch.clock.advance(watch_days(1))
    assert (watch.go_on(), watch.messages()[-1].payload["title"]) == (1, "WARNING: nulls still fires for wind_speed")


def test_somebody_may_say_that_it_is_fine(watch) -> None:
    watch.measure({0: 50.0})
    watch.put(above=10)
    watch.alerts.resolve(watch.ada, "nulls", "a known repair")
    watch.measure({1: 60.0})
    watch.refreshed()
    assert watch.open() == []
    watch.measure({2: 1.0, 3: 70.0})
    watch.refreshed()
    assert [(each.resolved_by, each.resolution) for each in watch.fired()] == [("ada", "a known repair"), (None, None)]


# --- rules in time


def test_rules_are_kept_in_time(watch) -> None:
    watch.measure({0: 1.0})
    watch.put(above=10)
    first = watch.clock.now()
    watch.clock.advance(watch_days(1))
    watch.put(above=20)
    watch.put(above=20)
    assert [each.revision for each in watch.alerts.revisions(watch.ada, "nulls")] == [2, 1]
    at = round(first.timestamp() * 1000)
    assert watch.alerts.get(watch.ada, "nulls", at=at).rule.above == 10
    with pytest.raises(AlertNotFound, match="no alert nulls at that time"):
        watch.alerts.get(watch.ada, "nulls", at=at - 1)
    watch.alerts.withdraw(watch.ada, "nulls")
    assert watch.alerts.get(watch.ada, "nulls", at=at + 1).rule.above == 10
    with pytest.raises(NotFound):
        watch.alerts.get(watch.ada, "nulls")


def test_a_rule_that_is_eased_ends_what_it_does_not_mind_any_more(watch) -> None:
    watch.measure({0: 50.0})
    watch.put(above=10)
    assert len(watch.open()) == 1
    watch.put(above=80)
    assert watch.open() == []


def test_one_that_is_paused_or_withdrawn_fires_no_more(watch) -> None:
    watch.measure({0: 50.0})
    watch.put(above=10)
    watch.go_on()
    watch.put(above=10, paused=True)
    assert (watch.state(), watch.open()) == ("PAUSED", [])
    watch.put(above=10)
    assert len(watch.open()) == 1
    watch.alerts.withdraw(watch.ada, "nulls")
    watch.go_on()
    assert watch.messages()[-1].event_type == "alert.resolved"
    assert watch.alerts.list(watch.ada) == []


# --- who may


def test_an_alert_looks_with_the_rights_of_who_has_put_it(watch) -> None:
    watch.measure({0: 50.0})
    bob = watch.user("bob")
    watch.put("hidden", bob, above=10)
    assert (watch.state("hidden"), watch.fired("hidden")) == ("WAITING", [])
    watch.may_read("bob", "dev.lab.weather", "dev.lab.weather_profile_metrics")
    watch.put("mine", bob, above=10)
    assert len(watch.open("mine")) == 1
    from boathouse.catalog import Privilege, SecurableKind

    watch.catalog.grants.revoke(
        watch.ada, "bob", [Privilege.SELECT], SecurableKind.TABLE, "dev.lab.weather_profile_metrics"
    )
    watch.refreshed()
    assert watch.state("mine") == "PROBLEM"


def test_others_see_an_alert_if_they_may_read_the_table_and_change_it_if_it_is_theirs(watch) -> None:
    watch.measure({0: 1.0})
    bob, eve = watch.user("bob"), watch.user("eve")
    watch.put(above=10, owner="bob")
    with pytest.raises(AlertNotFound):
        watch.alerts.get(eve, "nulls")
    watch.may_read("eve", "dev.lab.weather")
    assert watch.alerts.get(eve, "nulls").owner == "bob"
    with pytest.raises(Denied, match="bob owns it"):
        watch.alerts.withdraw(eve, "nulls")
    watch.alerts.withdraw(bob, "nulls")


def test_destinations_owners_and_events_that_there_are_not_are_refused(watch) -> None:
    watch.measure({0: 1.0})
    with pytest.raises(InvalidInput, match=r"no notification destination 'oncal'.*oncall"):
        watch.put(above=10, tell=["oncal"])
    with pytest.raises(NotFound, match="zed"):
        watch.put(above=10, owner="zed")
    with pytest.raises(InvalidInput, match=r"no event is of the type 'endpoint.fel'"):
        watch.put("fell", events={"types": ["endpoint.fel"]})


# --- events


def test_an_event_fires_until_the_one_that_ends_it(watch) -> None:
    watch.put("fell", events={"types": ["endpoint.fell"]}, severity="critical")
    watch.happens(EventType.ENDPOINT_FELL, "delays", why="the model is gone")
    assert watch.go_on() == 1
    watch.happens(EventType.ENDPOINT_FELL, "delays", why="again")
    assert watch.go_on() == 0
    assert [each.series.text for each in watch.open("fell")] == ["subject = delays"]
    watch.happens(EventType.ENDPOINT_RECOVERED, "delays")
    assert watch.go_on() == 1
    assert watch.open("fell") == []
    assert [each.subject for each in watch.told("alert.fired", "alert.resolved")] == ["delays", "delays"]


def test_without_such_an_event_it_ends_when_it_is_quiet(watch) -> None:
    watch.put("broken", events={"types": ["monitor.failed"], "subject": "dev.*"}, quiet="1d")
    watch.happens(EventType.MONITOR_FAILED)
    watch.happens(EventType.MONITOR_FAILED, "prod.lab.weather")
    watch.go_on()
    assert len(watch.open("broken")) == 1
    watch.clock.advance(watch_days(0.5))
    watch.happens(EventType.MONITOR_FAILED)
    watch.go_on()
    watch.clock.advance(watch_days(0.75))
    watch.go_on()
    assert len(watch.open("broken")) == 1
    watch.clock.advance(watch_days(0.5))
    watch.go_on()
    assert watch.open("broken") == []


def test_events_of_before_the_alert_are_not_its_business(watch) -> None:
    watch.happens(EventType.ENDPOINT_FELL, "delays")
    watch.clock.advance(watch_days(1))
    watch.put("fell", events={"types": ["endpoint.*"]})
    watch.go_on()
    assert watch.fired("fell") == []


def test_alerts_on_alerts_do_not_chase_their_own_tail(watch) -> None:
    watch.measure({0: 1.0})
    watch.put("all", events={"types": ["*"]})
    watch.put(above=10)
    watch.measure({1: 50.0})
    for _ in range(4):
        watch.refreshed()
    assert len(watch.told("alert.fired")) <= 3


def test_an_alert_of_somebody_who_is_gone_says_so(watch) -> None:
    watch.measure({0: 1.0})
    bob = watch.user("bob")
    watch.may_read("bob", "dev.lab.weather", "dev.lab.weather_profile_metrics")
    watch.put("mine", bob, above=10)
    watch.catalog.identities.delete(watch.ada, "bob")
    watch.refreshed()
    assert watch.state("mine") == "PROBLEM"


def test_an_alert_that_fails_in_a_way_that_was_not_foreseen_harms_no_other(watch, monkeypatch, caplog) -> None:
    watch.measure({0: 1.0})
    watch.put("broken", above=5)
    watch.put(above=10)
    look = watch.looking.look

    def fails(alert, **more):
        if alert.name == "broken":
            raise RuntimeError("a mistake of ours")
        return look(alert, **more)

    monkeypatch.setattr(watch.looking, "look", fails)
    watch.measure({1: 50.0})
    watch.refreshed()
    assert (len(watch.open()), watch.open("broken")) == (1, [])
    assert "broken could not be looked at" in caplog.text
    monkeypatch.undo()
    watch.clock.advance(watch_days(1))
    watch.go_on()
    assert len(watch.open("broken")) == 1


def test_an_alert_shows_the_values_that_it_judges_and_what_was_sent_about_it(watch) -> None:
    bob = watch.user("bob")
    watch.measure({0: 1.0})
    watch.put(above=10)
    watch.put("other", metric="avg", above=10)
    watch.measure({1: 50.0})
    watch.refreshed()

    (points,) = watch.alerts.points(watch.ada, "nulls").values()
    assert sorted(each.value for each in points) == [1.0, 50.0]
    assert [each.event_type for each in watch.alerts.deliveries(watch.ada, "nulls")] == ["alert.fired"]
    assert watch.alerts.deliveries(watch.ada, "other") == []
    watch.may_read("bob", "dev.lab.weather")
    with pytest.raises(Denied):
        watch.alerts.deliveries(bob, "nulls")


def test_what_fires_now_is_told_to_who_may_see_it(watch) -> None:
    watch.measure({0: 1.0})
    watch.put(above=10)
    assert watch.alerts.firing(watch.ada) == []
    watch.measure({1: 50.0})
    watch.refreshed()

    (found,) = watch.alerts.firing(watch.ada)

    assert (found.alert.name, [each.value for each in found.open]) == ("nulls", [50.0])
    assert watch.alerts.firing(watch.user("bob")) == []
