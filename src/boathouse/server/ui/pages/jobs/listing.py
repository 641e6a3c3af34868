"""All jobs: how they stand, their last runs, and what starts them."""

from boathouse.foundation.clock import from_epoch_ms
from boathouse.jobs.overview import JobQuestion, JobRow
from boathouse.jobs.records import Standing
from boathouse.jobs.starting.showing import next_fire_at
from boathouse.server.ui import addresses
from boathouse.server.ui.frame import frame
from boathouse.server.ui.pages.jobs.words import mark_title, start_words, state_words
from boathouse.server.ui.parts.filtering import Field, filters
from boathouse.server.ui.parts.grid import Ago, Linked, Mark, Marks, State, grid
from boathouse.server.ui.parts.layout import card
from boathouse.server.ui.parts.paging import page_links, page_of
from boathouse.server.ui.visitor import Visitor

PER_PAGE = 25


async def jobs_page(visitor: Visitor) -> None:
    text, offset = visitor.query.get("q", ""), page_of(visitor) * PER_PAGE
    state = visitor.query.get("state", "")
    standing = Standing(state) if state in set(Standing) else None
    question = JobQuestion(text, standing, PER_PAGE, offset)
    page = await visitor.ask(visitor.plane.jobs.overview.page, question)
    with frame(visitor, "Jobs"), card():
        states = {"": "any", **{str(each): str(each) for each in Standing}}
        filters(visitor, Field("q", "Search jobs by name"), Field("state", "State", states))
        is_filtered = bool(text.strip() or standing)
        grid(
            ["Job", "Last runs", "Last run", "When", "Starts", "Next start"],
            [_cells(row) for row in page.rows],
            label="Jobs",
            nothing="No job fits." if is_filtered else "There is no job yet, or none that you may see.",
            next_step="Choose another state or other words." if is_filtered else "boathouse bundle deploy -t dev",
            per_page=PER_PAGE,
            search=False,
        )
        page_links(visitor, more=offset + PER_PAGE < page.total, total=page.total, per_page=PER_PAGE, label="jobs")


def _cells(row: JobRow) -> list[object]:
    job, last = row.job, row.last_runs[-1] if row.last_runs else None
    marks = [Mark(mark_title(mark), addresses.run(mark.run_id), state_words(mark.state)[1]) for mark in row.last_runs]
    next_start = next_fire_at(row.starter) if row.starter else None
    starts: object = start_words(job.settings)
    if row.starter is not None and row.starter.is_paused:
        starts = State("paused")
    return [
        Linked(job.settings.name, addresses.job(job.job_id)),
        Marks(marks) if marks else None,
        State(*state_words(last.state), addresses.run(last.run_id)) if last else "never run",
        Ago(from_epoch_ms(last.created_at)) if last else None,
        starts,
        Ago(from_epoch_ms(next_start)) if next_start else None,
    ]
