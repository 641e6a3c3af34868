"""A deployment whose process dies at any point is completed by the next one, and nothing is made twice."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from boathouse.bundles.desired import Place
from boathouse.bundles.repository import BundleRepository, DeploymentStatus
from boathouse.catalog import SecurableKind
from boathouse.foundation.errors import Conflict

PROD = Place("flights", "prod")


class Killed(BaseException):
    """Nothing catches it, as nothing catches kill -9."""


def resources(rooms: Any) -> dict[str, dict[str, Any]]:
    return {
        "schemas.flights": rooms.schema(comment="Flights"),
        "volumes.raw": rooms.volume(),
        "experiments.delay": {"name": "/delay"},
        "jobs.train": rooms.job(),
        "jobs.score": rooms.job("score"),
    }


def die_at(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Let the ``count``-th write of the journal, or the moment just after it, be the last thing that happens."""
    calls = 0

    def dying(name: str, before: bool) -> Callable[..., Any]:
        real = getattr(BundleRepository, name)

        def method(self: Any, *arguments: Any, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls > count or (calls == count and before):
                raise Killed
            result = real(self, *arguments, **named)
            if calls == count:
                raise Killed
            return result

        return method

    for name in ("open", "start_step", "finish_step"):
        monkeypatch.setattr(BundleRepository, name, dying(name, before=count % 2 == 0))
    for name in ("close", "settle_step", "release"):  # a dead process does not tidy up
        monkeypatch.setattr(BundleRepository, name, dying_silently)


def dying_silently(*_: Any, **__: Any) -> None:
    raise Killed


@pytest.mark.parametrize("point", range(1, 13))
def test_a_killed_deployment_is_completed_by_the_next(rooms: Any, monkeypatch: pytest.MonkeyPatch, point: int) -> None:
    # given
    wanted = rooms.desired(resources(rooms), snapshot=rooms.code(PROD))
    with monkeypatch.context() as patch:
        die_at(patch, point)
        with pytest.raises(Killed):
            rooms.deployments.apply(rooms.ada, wanted)

    # when the server comes back
    deployments = rooms.restarted()
    deployments.apply(rooms.ada, wanted)

    # then everything is there once
    assert deployments.plan(rooms.ada, wanted).is_empty
    assert sorted(job.settings.name for job in rooms.jobs.list(rooms.ada)) == ["score", "train"]
    assert len(deployments.summary(rooms.ada, PROD).resources) == 5
    assert not any(one.is_adopted for one in deployments.summary(rooms.ada, PROD).resources)
    assert DeploymentStatus.APPLYING not in {one.status for one in deployments.history(rooms.ada, PROD)}


@pytest.mark.parametrize("point", range(1, 12))
def test_a_killed_destruction_is_completed_by_the_next(rooms: Any, monkeypatch: pytest.MonkeyPatch, point: int) -> None:
    # given
    rooms.deployments.apply(rooms.ada, rooms.desired(resources(rooms), snapshot=rooms.code(PROD)))
    with monkeypatch.context() as patch:
        die_at(patch, point)
        with pytest.raises(Killed):
            rooms.deployments.destroy(rooms.ada, PROD)

    # when
    deployments = rooms.restarted()
    deployments.destroy(rooms.ada, PROD)

    # then
    assert deployments.summary(rooms.ada, PROD).resources == ()
    assert rooms.jobs.list(rooms.ada) == []
    assert rooms.catalog.securables.list(rooms.ada, SecurableKind.SCHEMA, "dev") == []


def test_the_next_command_recovers_without_a_restart_once_the_lease_has_run_out(
    rooms: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    rooms.deployments.recover_all()
    wanted = rooms.desired(resources(rooms), snapshot=rooms.code(PROD))
    with monkeypatch.context() as patch:
        die_at(patch, 3)
        with pytest.raises(Killed):
            rooms.deployments.apply(rooms.ada, wanted)

    # when it may still be alive
    with pytest.raises(Conflict, match="ada is deploying flights"):
        rooms.deployments.apply(rooms.ada, wanted)

    # when it cannot be any more
    rooms.clock.advance(timedelta(minutes=5))
    plan = rooms.deployments.plan(rooms.ada, wanted)

    # then
    assert "schemas.flights" not in rooms.actions(plan)
    assert rooms.deployments.history(rooms.ada, PROD)[0].status is DeploymentStatus.INTERRUPTED
