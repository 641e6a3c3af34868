"""Shadows and A/B tests on a real Boathouse: what callers get is untouched, and what is compared is what was said."""

import time
from typing import Any

import polars as pl
import pytest

from boathouse.foundation.errors import BoathouseError
from boathouse.foundation.rest import Connection
from boathouse.session.default import connected_session

from .conftest import Served

pytestmark = pytest.mark.server


def test_a_shadow_answers_nobody_and_its_differences_are_shown(served: Served) -> None:
    served.add_version(1.0, alias="champion")
    served.add_version(1.5, alias="challenger")
    served.begin({"shadow": {"alias": "challenger"}})

    def shadowed() -> Any:
        status, predictions, _ = served.ask(1.0)
        assert (status, predictions) == (200, pytest.approx([2.0]))
        try:
            return served.client.get(f"/api/boathouse/v1/endpoints/{served.name}/shadow", last="1d", window="day")
        except BoathouseError:  # there are no inference tables yet
            time.sleep(0.2)
            return None

    found = served.wait_until(lambda: (told := shadowed()) and told["differences"] and told)
    (difference,) = found["differences"]
    assert (difference["model_version"], difference["equal_share"]) == (2, 0.0)
    assert difference["mean_difference"] == pytest.approx(0.5)
    shown = served.boathouse.run("endpoint", "shadow", served.name, "--by", "day")
    assert "Seen by the shadow" in shown.stdout, shown.stderr


def test_an_ab_test_is_decided_by_outcomes_that_come_later(served: Served) -> None:
    served.add_version(1.0)
    served.add_version(2.0, alias="champion")
    served.begin({})
    table = f"dev.rolled.{served.name}_outcomes"
    session = connected_session(Connection(served.boathouse.url, served.boathouse.token))
    session.sql(f"CREATE TABLE {table} (x DOUBLE, good DOUBLE, known_at TIMESTAMP)")
    declared = {"key": ["x"], "control": "old", "outcomes": table, "outcome": "good", "outcome_time": "known_at"}
    served.put({"experiment": declared})
    entities = [
        {"name": name, "entity_name": served.model, "entity_version": version}
        for name, version in (("old", "1"), ("new", "2"))
    ]
    routes = [{"served_entity_name": name, "traffic_percentage": 50} for name in ("old", "new")]
    config = {"served_entities": entities, "traffic_config": {"routes": routes}}
    served.client.put(f"/api/2.0/serving-endpoints/{served.name}/config", config)

    def experiments() -> list[dict[str, Any]]:
        return served.client.get(f"/api/boathouse/v1/endpoints/{served.name}/experiment")["experiments"]

    served.wait_until(experiments)
    served.wait_until(lambda: len({served.ask(float(key))[1][0] - key for key in range(20)}) == 2)  # pyright: ignore[reportOptionalSubscript]
    plus = {key: served.ask(float(key))[1][0] - key for key in range(600)}  # pyright: ignore[reportOptionalSubscript]
    again = {key: served.ask(float(key))[1][0] - key for key in range(0, 600, 50)}  # pyright: ignore[reportOptionalSubscript]
    assert all(again[key] == pytest.approx(plus[key]) for key in again), "the same key, the same version"

    later = pl.Series([time.time_ns() // 1000 + 60_000_000] * 600).cast(pl.Datetime("us", "UTC"))
    better = [1.0 if added > 1.5 or key % 5 == 0 else 0.0 for key, added in plus.items()]
    session.write_table(
        table, pl.DataFrame({"x": [float(key) for key in plus], "good": better, "known_at": later}), mode="append"
    )
    (decided,) = served.wait_until(lambda: (found := experiments()) and found[0]["state"] != "running" and found)
    assert (decided["state"], decided["report"]["winner"]) == ("decided", "new"), decided["report"]
    evidence = served.wait_until(
        lambda: (
            (found := served.client.get(f"/api/boathouse/v1/models/{served.model}/versions/2/evidence")["evidence"])
            and [each for each in found if each["measurement"]["gate"] == "ab_test"]
        )
    )
    assert evidence[0]["measurement"]["metric"] == "good"
    shown = served.boathouse.run("endpoint", "experiment", served.name)
    assert "decided, new wins" in shown.stdout, shown.stderr
