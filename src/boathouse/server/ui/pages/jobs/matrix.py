"""The runs of a job as a matrix: tasks down, runs across, each cell the state of that task in that run."""

from collections.abc import Sequence
from typing import Any

from nicegui.element import Element

from boathouse.jobs.records import Run
from boathouse.server.ui import addresses
from boathouse.server.ui.pages.jobs.words import state_words, took


class Matrix(Element, component="matrix.js"):
    """The element in the browser."""

    def __init__(self, runs: Sequence[Run]) -> None:
        super().__init__()
        self.props["label"] = "States of the tasks in each run"
        self.show(runs)

    def show(self, runs: Sequence[Run]) -> None:
        """Other runs, or the same ones as they are now; newest first."""
        self.props["runs"] = [_head(run) for run in reversed(runs)]
        self.props["rows"] = matrix_rows(runs)
        self.update()


def matrix_rows(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """A row per task of any of the runs, in the order of the newest definition; runs oldest first."""
    keys = list(dict.fromkeys(task.task_key for run in runs for task in run.tasks))
    columns = [{task.task_key: task for task in run.tasks} for run in reversed(runs)]
    return [{"task": key, "cells": [_cell(run, column.get(key)) for run, column in zip(reversed(runs), columns,
             strict=True)]} for key in keys]  # fmt: skip


def _cell(run: Run, task: Any) -> dict[str, str] | None:
    if task is None:
        return None
    word, tone = state_words(task.state)
    lasted = f", {took(task.started_at, task.ended_at)}" if task.started_at and task.ended_at else ""
    return {
        "tone": str(tone),
        "href": addresses.with_query(addresses.run(run.run_id), task=task.task_key),
        "title": f"{task.task_key} in run {run.number_in_job}: {word}{lasted}",
    }


def _head(run: Run) -> dict[str, Any]:
    word, _ = state_words(run.state)
    return {
        "number": run.number_in_job,
        "href": addresses.run(run.run_id),
        "title": f"Run {run.number_in_job}: {word}",
    }
