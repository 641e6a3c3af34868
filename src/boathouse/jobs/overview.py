"""Jobs as a list is looked at: a page of them, each with its last runs and what starts it."""

from collections.abc import Sequence
from dataclasses import dataclass

from boathouse.foundation.principals import Principal
from boathouse.jobs.access import Access
from boathouse.jobs.records import Job, RunMark, Standing
from boathouse.jobs.repository import JobRepository
from boathouse.jobs.repository.overview import OverviewRepository
from boathouse.jobs.starting.repository import StarterRepository
from boathouse.jobs.starting.starters import Starter


@dataclass(frozen=True, slots=True)
class JobQuestion:
    """Which jobs, and which page of them."""

    text: str = ""
    """Somewhere in the name, whatever its case."""
    standing: Standing | None = None
    limit: int = 25
    offset: int = 0
    last_runs: int = 12
    """How many runs of each to show."""


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job in a list."""

    job: Job
    last_runs: Sequence[RunMark]
    """Oldest first."""
    starter: Starter | None


@dataclass(frozen=True, slots=True)
class JobPage:
    """A page of jobs, those that ran last first."""

    rows: Sequence[JobRow]
    total: int
    """How many visible jobs the question has found."""


class JobOverview:
    """Looks at jobs for a principal. What it costs depends on the jobs there are and the size of a page, not on how
    often they have run."""

    def __init__(
        self, access: Access, jobs: JobRepository, overview: OverviewRepository, starters: StarterRepository
    ) -> None:
        self._access = access
        self._jobs = jobs
        self._overview = overview
        self._starters = starters

    def page(self, principal: Principal, question: JobQuestion | None = None) -> JobPage:
        """A page of the visible jobs."""
        question = question or JobQuestion()
        with self._access.verb(principal, "list", None):
            found = self._access.only_visible(principal, self._overview.ids(question.text, question.standing))
            shown = found[question.offset : question.offset + question.limit]
            marks = self._overview.last_runs(shown, question.last_runs)
            starters = self._starters.of_jobs(shown)
            rows = [JobRow(job, marks[job.job_id], starters.get(job.job_id)) for job in self._jobs.many(shown)]
            return JobPage(rows, len(found))
