"""Jobs as people name them: by id or by name."""

from typing import Any

from boathouse.foundation.errors import InvalidInput, NotFound, did_you_mean
from boathouse.foundation.rest import RestClient

API = "/api/2.2/jobs"
PAGE = 100


def all_jobs(client: RestClient, name: str | None = None) -> list[dict[str, Any]]:
    """Every job that one may see, or those of a name."""
    found: list[dict[str, Any]] = []
    token: str | None = None
    while True:
        page = client.get(f"{API}/list", limit=PAGE, name=name, page_token=token)
        found += page["jobs"]
        token = page.get("next_page_token")
        if not token:
            return found


def job_id_of(client: RestClient, job: str) -> int:
    """The id of a job that is named by its id or its name."""
    if job.isdigit():
        return int(job)
    found = all_jobs(client, job)
    if len(found) == 1:
        return int(found[0]["job_id"])
    if found:
        ids = ", ".join(str(each["job_id"]) for each in found)
        raise InvalidInput(f"{len(found)} jobs are called {job!r}: {ids}.", hint="Name the one you mean by its id.")
    known = {each["settings"]["name"] for each in all_jobs(client)}
    raise NotFound(f"There is no job {job!r}.", hint=did_you_mean(job, known) or "List them with: boathouse jobs list")
