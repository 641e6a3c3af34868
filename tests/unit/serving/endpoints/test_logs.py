"""Who may see an endpoint sees what the log says of it, and of nobody else."""

from typing import Any

from boathouse.serving.endpoints.logs import DATA_PLANE_LOG, lines_about

OTHERS = (
    "WARNING boathouse.serving: dev.lab.delay_two@1 failed: 'Ann Smith' is no number",
    "WARNING boathouse.serving: dev.lab.delay.more failed",
    "WARNING boathouse.serving: xdev.lab.delay@1 failed",
    "ERROR boathouse.dataplane.app: POST /serving-endpoints/aa/invocations failed",
    "a line with a",
)
OURS = (
    "WARNING boathouse.serving: dev.lab.delay@3 failed: division by zero",
    "INFO boathouse.serving: dev-lab-delay-3 answers in a process of its own: it has no signature.",
    "ERROR boathouse.dataplane.app: POST /serving-endpoints/a/invocations failed",
)


def test_lines_of_others_are_not_shown_whatever_an_endpoint_is_called(house: Any) -> None:
    house.model()
    house.version(3, alias="champion")
    house.make("a")
    house.live("a")
    (house.home.logs / DATA_PLANE_LOG).write_text("\n".join([*OTHERS, *OURS]) + "\n")
    endpoint = house.endpoints.get(house.ada, "a")
    assert lines_about(house.home, endpoint).splitlines() == list(OURS)
    assert lines_about(house.home, endpoint, "nobody").splitlines() == [OURS[2]]


def test_a_model_that_is_not_served_is_not_told_of(house: Any) -> None:
    house.make("a", who=house.bob)
    house.model()
    house.version(3, alias="champion")
    house.live("a")
    (house.home.logs / DATA_PLANE_LOG).write_text("\n".join(OURS) + "\n")
    assert lines_about(house.home, house.endpoints.get(house.bob, "a")).splitlines() == [OURS[2]]
