"""The SQL of jobs and runs. The control plane and every worker use it; what they compete for is compared and set."""

from boathouse.jobs.repository.jobs import JobRepository
from boathouse.jobs.repository.new_runs import NewRun
from boathouse.jobs.repository.run_reading import TaskPage
from boathouse.jobs.repository.runs import RunRepository

__all__ = ["JobRepository", "NewRun", "RunRepository", "TaskPage"]
