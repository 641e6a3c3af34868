"""What the pages of jobs say and how they lay things out."""

from dataclasses import replace

import pytest

from boathouse.jobs.records import Run, RunMark, State, TaskRun
from boathouse.jobs.settings import JobSettings
from boathouse.jobs.states import LifeCycleState, ResultState
from boathouse.server.ui.pages.jobs.matrix import matrix_rows
from boathouse.server.ui.pages.jobs.tasks_graph import nodes_and_edges
from boathouse.server.ui.pages.jobs.words import mark_title, start_words, state_words
from boathouse.server.ui.pages.runs.log_text import LogText, plain
from boathouse.server.ui.pages.runs.page import most_telling
from boathouse.server.ui.pages.runs.timeline import timeline_rows
from boathouse.server.ui.parts.states import Tone

DONE = State(LifeCycleState.TERMINATED, ResultState.SUCCESS)
FAILED = State(LifeCycleState.TERMINATED, ResultState.FAILED, "no such month")
RUNNING = State(LifeCycleState.RUNNING)
BLOCKED = State(LifeCycleState.BLOCKED)


def task(key: str, state: State, started: int | None = None, ended: int | None = None) -> TaskRun:
    return TaskRun(hash(key) % 1000, 7, key, 0, state, started_at=started, ended_at=ended)


def run(number: int, *tasks: TaskRun, state: State = DONE) -> Run:
    return Run(number, 1, "n", JobSettings(), state, "ada", "ada", 0, number, tasks=tasks)


def test_a_state_is_a_word_and_a_colour() -> None:
    assert state_words(DONE) == ("succeeded", Tone.GOOD)
    assert state_words(RUNNING) == ("running", Tone.WORKING)
    assert state_words(State(LifeCycleState.INTERNAL_ERROR, ResultState.FAILED)) == ("failed", Tone.BAD)
    assert state_words(State(LifeCycleState.SKIPPED)) == ("skipped", Tone.DOUBTFUL)


def test_every_state_has_a_word() -> None:
    for life in LifeCycleState:
        for result in (None, *ResultState):
            assert state_words(State(life, result))[0]


def test_a_square_says_what_its_colour_says() -> None:
    assert mark_title(RunMark(1, 4, FAILED, 0, 1000, 2500)) == "Run 4: failed after 1.5\N{NO-BREAK SPACE}s"
    assert mark_title(RunMark(1, 4, RUNNING, 0, 1000)) == "Run 4: running"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"schedule": {"quartz_cron_expression": "0 30 6 * * ?"}}, "at 06:30 every day (UTC)"),
        ({"continuous": {}}, "as soon as the last run has ended"),
        ({"trigger": {"periodic": {"interval": 2, "unit": "HOURS"}}}, "every 2 hours"),
        ({"trigger": {"periodic": {"interval": 1, "unit": "DAYS"}}}, "every day"),
        ({"trigger": {"table_update": {"table_names": ["a.b.c", "a.b.d"]}}}, "when a.b.c or a.b.d changes"),
        ({"trigger": {"file_arrival": {"url": "/Volumes/a/b/c/"}}}, "when files arrive in /Volumes/a/b/c/"),
        ({"trigger": {"event": {"types": ["alias.set"], "subject": "p.*"}}}, "on alias.set of p.*"),
        ({"trigger": {"job_completion": {"job_id": 3}}}, "after job 3"),
        ({}, None),
    ],
)
def test_what_starts_a_job_is_said(said, words) -> None:
    assert start_words(JobSettings.model_validate(said)) == words


def test_the_matrix_has_a_row_per_task_and_the_oldest_run_first() -> None:
    rows = matrix_rows([run(2, task("a", FAILED), task("new", BLOCKED)), run(1, task("a", DONE))])

    assert [row["task"] for row in rows] == ["a", "new"]
    assert [cell["tone"] for cell in rows[0]["cells"]] == ["good", "bad"]
    assert rows[1]["cells"][0] is None
    assert rows[0]["cells"][1]["href"] == "/ui/runs/2?task=a"
    assert rows[0]["cells"][1]["title"] == "a in run 2: failed"


def test_the_graph_shows_states_of_the_run_it_has() -> None:
    python = {"python_file": "a.py"}
    settings = JobSettings.model_validate(
        {"tasks": [{"task_key": "a", "spark_python_task": python},
                   {"task_key": "b", "spark_python_task": python, "depends_on": [{"task_key": "a"}]}]}
    )  # fmt: skip

    nodes, edges = nodes_and_edges(settings.tasks, run(3, task("a", DONE)))

    assert [(node.kind, node.tone, node.address) for node in nodes] == [
        ("spark python · succeeded", Tone.GOOD, "/ui/runs/3?task=a"),
        ("spark python", Tone.QUIET, None),
    ]
    assert [(edge.source, edge.target) for edge in edges] == [("a", "b")]


def test_bars_stand_where_the_tasks_ran() -> None:
    tasks = [task("a", DONE, 1000, 2000), task("b", RUNNING, 2000), task("c", BLOCKED)]

    rows = timeline_rows(run(1, *tasks), tasks, now=5000)

    assert [(row["left"], row["width"]) for row in rows] == [(0.0, 25.0), (25.0, 75.0), (0, None)]
    assert [row["text"] for row in rows] == ["1.0 s", "3.0 s", "waiting for others"]


def test_the_most_telling_task_is_shown_first() -> None:
    done, failed, running = task("a", DONE, 1, 2), task("b", FAILED, 2, 3), task("c", RUNNING, 3)

    assert most_telling([done, running, failed]) is failed
    assert most_telling([done, running]) is running
    assert most_telling([done, replace(done, started_at=9)]) == replace(done, started_at=9)
    assert most_telling([]) is None


def test_codes_for_terminals_are_no_text() -> None:
    assert plain("\x1b[31mred\x1b[0m and <b>bold</b>") == "red and <b>bold</b>"
    assert plain("10%\r20%\r\ndone\r\n") == "10%\n20%\ndone\n"
    assert plain("\x1b]0;title\x07text") == "text"


def test_pieces_may_end_in_the_middle_of_a_letter_or_a_code() -> None:
    text, log = LogText(), "früh \x1b[1;32mgrün\x1b[0m".encode()

    assert "".join(text.read(log[at : at + 1]) for at in range(len(log))) == "früh grün"
