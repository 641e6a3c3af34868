"""A model with a loop."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.models.ground import new_ground, requirements
from tests.unit.monitoring.retraining.desk import TRAINING, Desk, Lineup, World

from boathouse.foundation.clock import epoch_ms
from boathouse.jobs import Jobs, read_job
from boathouse.monitoring.retraining.loop import Parts, Retraining
from boathouse.monitoring.retraining.trainings import TrainingRuns
from boathouse.monitoring.retraining.triggers.contract import Champion


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with new_ground(tmp_path) as ground:
        jobs = Jobs(ground.database, ground.catalog, ground.home, ground.clock)
        runs = TrainingRuns(ground.database, jobs, ground.catalog)
        world = World(in_production=Champion(1, epoch_ms(ground.clock.now())))
        lineup = Lineup(world, runs, asked=requirements())
        parts = Parts(ground.database, ground.catalog, runs, lineup, world, ground.clock)  # type: ignore[arg-type]
        made = Desk(**vars(ground), jobs=jobs, world=world, lineup=lineup, loop=Retraining(parts))
        made.job_id = jobs.create(ground.ada, read_job(TRAINING))
        yield made
