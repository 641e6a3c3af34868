"""What other rooms tell of a model, as findings."""

import pytest

from boathouse.monitoring.maturity.reported import (
    Alerted,
    Retrained,
    ServedAt,
    Watched,
    alerts_owned,
    monitored,
    retraining_gated,
    served,
)

ENDPOINT = ServedAt("delays", 3, True, ("prod.x.delays_payload",))


@pytest.mark.parametrize(
    ("found", "champion", "is_met", "told"),
    [
        ([ENDPOINT], 3, True, "Version 3 answers at the endpoint delays."),
        ([ENDPOINT], 4, False, "serves version 3, not version 4"),
        ([ServedAt("delays", 3, False)], 3, False, "is not ready"),
        ([], 3, False, "No endpoint serves the model."),
        ([ENDPOINT], None, False, "No version is in production."),
    ],
)
def test_the_champion_is_served_or_it_is_said_why_not(
    found: list[ServedAt], champion: int | None, is_met: bool, told: str
) -> None:
    finding = served(found, champion)
    assert (finding.is_met, told in finding.evidence) == (is_met, True), finding.evidence


@pytest.mark.parametrize(
    ("watched", "is_met"),
    [
        ([Watched("PROD.x.delays_payload", 0)], True),
        ([Watched("prod.x.delays_payload", None)], False),
        ([Watched("prod.x.delays_payload", 0, "its table is gone")], False),
        ([Watched("prod.x.other", 0)], False),
        ([], False),
    ],
)
def test_what_the_endpoint_keeps_is_monitored_once_a_refresh_has_succeeded(
    watched: list[Watched], is_met: bool
) -> None:
    assert monitored([ENDPOINT], watched).is_met is is_met
    assert not monitored([], watched).is_met


def test_alerts_count_when_they_are_about_the_model_and_somebodys() -> None:
    tables = ["prod.x.delays_payload"]
    mine, others = Alerted("late", "prod.x.Delays_payload", "ada"), Alerted("cold", "prod.x.weather", "bob")
    assert alerts_owned(tables, [others, mine]).evidence == "The alert late about prod.x.Delays_payload is ada's."
    assert not alerts_owned(tables, [others]).is_met
    assert not alerts_owned(tables, [mine, Alerted("odd", "prod.x.delays_payload", None)]).is_met


def test_only_what_was_seen_counts_and_only_once_the_candidate_met_its_gates() -> None:
    by_hand = Retrained("by_hand", True, 0, 4, True)
    waiting = Retrained("drift", False, 0, None, False)
    judged = Retrained("alert", False, 0, 5, True)
    assert [retraining_gated(each).is_met for each in ([], [by_hand], [waiting], [waiting, judged])] == [
        False,
        False,
        False,
        True,
    ]
