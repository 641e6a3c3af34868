"""An endpoint is ready when every worker answers, and updated when every worker answers by what was given last."""

from dataclasses import replace
from itertools import product

import pytest

from boathouse.serving.endpoints.nouns import (
    Endpoint,
    EndpointConfig,
    EntityKind,
    ReadyState,
    Route,
    ServedEntity,
    Standing,
    StandingEntity,
    StandingRoute,
)
from boathouse.serving.endpoints.progress import ConfigUpdate, Progress, progress_of
from boathouse.serving.endpoints.worker_state import EndpointState

SERVED = ServedEntity("m", EntityKind.MODEL, "dev.lab.m", version=2)
CONFIG = EndpointConfig(2, (SERVED,), (Route("m", 100.0),), None, 0, "ada")
ENDPOINT = Endpoint("e1", "delays", CONFIG, "ada", 0, 0)
STANDING = Standing(
    0, 2, None, ReadyState.READY, None, (StandingEntity("m-2", "m", "dev.lab.m", 2),),
    (StandingRoute("m-2", 100.0, "primary"),),
)  # fmt: skip
LACK = "there is no file"
WHY = f"dev.lab.m@2 does not load: {LACK}"

NEW = EndpointState("e1", "delays", 2, 2, is_ready=True, versions=("dev.lab.m@2",), entity_ids=("m-2",))
BEHIND = replace(NEW, config_version=1, wanted_config_version=1, versions=("dev.lab.m@1",), entity_ids=("m-1",))
LOADING = replace(BEHIND, wanted_config_version=2, why="dev.lab.m@2 is being loaded.", lacking={"m": None})
FAILED = replace(LOADING, why=WHY, lacking={"m": LACK})
FIRST = replace(FAILED, config_version=2, is_ready=False, versions=(), entity_ids=())
TOLD = (NEW, BEHIND, LOADING, FAILED, FIRST, None)


def progress(
    *told: EndpointState | None, standing: Standing | None = STANDING, is_data_plane_here: bool = True
) -> Progress:  # fmt: skip
    workers = [{} if each is None else {"e1": each} for each in told]
    return progress_of(ENDPOINT, standing, workers, is_data_plane_here=is_data_plane_here)


@pytest.mark.parametrize("told", list(product(TOLD, TOLD)))
def test_all_workers_count(told: tuple[EndpointState | None, EndpointState | None]) -> None:
    found = progress(*told)
    assert (found.ready is ReadyState.READY) == all(each is not None and each.is_ready for each in told)
    if any(each in (FAILED, FIRST) for each in told):
        assert (found.update, found.lacking) == (ConfigUpdate.UPDATE_FAILED, {"m": LACK})
        assert WHY in (found.why or "")
    else:
        assert (found.update is ConfigUpdate.NOT_UPDATING) == (told == (NEW, NEW))
    answering = [each.config_version for each in told if each is not None and each.is_ready]
    assert found.answering_version == min(answering, default=2)


def test_an_alias_that_has_moved_is_an_update_until_every_worker_follows() -> None:
    moved = replace(
        STANDING,
        entities=(StandingEntity("m-3", "m", "dev.lab.m", 3),),
        routes=(StandingRoute("m-3", 100.0, "primary"),),
    )
    assert progress(NEW, standing=moved).update is ConfigUpdate.IN_PROGRESS
    assert progress(NEW, standing=moved).ready is ReadyState.READY
    assert progress(replace(NEW, entity_ids=("m-3",)), standing=moved).update is ConfigUpdate.NOT_UPDATING


def test_what_nobody_has_looked_at_is_under_way_while_the_one_before_answers() -> None:
    before = replace(STANDING, config_version=1)
    for standing in (None, before):
        found = progress(BEHIND, standing=standing)
        assert (found.ready, found.update) == (ReadyState.READY, ConfigUpdate.IN_PROGRESS)
        assert found.answering_version == 1


def test_what_is_not_there_yet_is_under_way() -> None:
    waiting = replace(STANDING, state=ReadyState.NOT_READY, why="dev.lab.m has no alias champion yet.", routes=())
    found = progress(replace(NEW, is_ready=False, entity_ids=()), standing=waiting)
    assert (found.ready, found.update) == (ReadyState.NOT_READY, ConfigUpdate.IN_PROGRESS)
    assert found.why == "dev.lab.m has no alias champion yet."


def test_a_right_that_is_lost_counts_before_workers_have_heard_of_it() -> None:
    lost = replace(STANDING, state=ReadyState.NOT_READY, why="ada may not.", routes=())
    assert progress(NEW, standing=lost).ready is ReadyState.NOT_READY


def test_without_a_data_plane_nobody_answers_and_nothing_is_waited_for() -> None:
    found = progress(is_data_plane_here=False)
    assert (found.ready, found.update) == (ReadyState.NOT_READY, ConfigUpdate.NOT_UPDATING)
    assert "No data plane runs here" in (found.why or "")


def test_a_data_plane_that_is_being_started_is_waited_for() -> None:
    found = progress()
    assert (found.ready, found.update) == (ReadyState.NOT_READY, ConfigUpdate.IN_PROGRESS)
    assert "takes requests yet" in (found.why or "")
