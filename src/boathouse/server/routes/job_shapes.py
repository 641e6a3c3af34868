"""What the routes of jobs have in common: examples, pages, and what is reported as ignored."""

from typing import Any

from fastapi import Request

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.shapes import Shape, dotted, unused_fields

Given = dict[str, Any]
PAGE = 100
"""Tasks that one answer shows, as on Databricks."""

STATE: Given = {"life_cycle_state": "TERMINATED", "result_state": "SUCCESS", "state_message": ""}
RUN: Given = {
    "job_id": 12,
    "run_id": 345,
    "state": STATE,
    "tasks": [{"task_key": "fit", "run_id": 346, "state": STATE, "peak_memory_bytes": 91000000, "cpu_seconds": 1.9}],
}


def example(body: Given) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {"application/json": {"example": body}}}}


def ignored(shape: Shape) -> Given:
    names = [dotted(path) for path in unused_fields(shape)]
    return {"ignored": names} if names else {}


def base_of(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def page_of(token: str | None) -> int:
    """The place that a page token stands for.

    Raises:
        InvalidInput: It is none of ours.
    """
    if not token:
        return 0
    if not token.isdecimal() or len(token) > _LONGEST_TOKEN:
        raise InvalidInput(f"{token[:50]!r} is not a page token of this list.")
    return int(token)


def pages(has_more: bool, token: str) -> Given:
    return {"has_more": has_more, **({"next_page_token": token} if has_more else {})}


_LONGEST_TOKEN = 18
