"""A run, or a job, with all its tasks, page after page."""

from typing import Any

from boathouse.foundation.rest import RestClient


def whole_run(client: RestClient, run_id: int, **more: Any) -> dict[str, Any]:
    """What ``runs/get`` says, with the tasks (or the iterations) of every page."""
    run = page = client.get("/api/2.2/jobs/runs/get", run_id=run_id, **more)
    while token := page.get("next_page_token"):
        page = client.get("/api/2.2/jobs/runs/get", run_id=run_id, page_token=token)
        for name in ("tasks", "iterations"):
            if name in page:
                run[name] += page[name]
    run.pop("next_page_token", None)
    return run


def whole_job(client: RestClient, job_id: int) -> dict[str, Any]:
    """What ``jobs/get`` says, with the tasks of every page."""
    job = page = client.get("/api/2.2/jobs/get", job_id=job_id)
    while token := page.get("next_page_token"):
        page = client.get("/api/2.2/jobs/get", job_id=job_id, page_token=token)
        job["settings"]["tasks"] += page["settings"].get("tasks", [])
    for name in ("next_page_token", "has_more"):
        job.pop(name, None)
    return job
