"""Who signs model versions, who has, and what waits; and the deployment jobs that ask for it."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field

from boathouse.foundation.context import current_request
from boathouse.foundation.names import ModelName
from boathouse.foundation.principals import Principal
from boathouse.models.approval import Say
from boathouse.models.approval.book import Approvals
from boathouse.models.approval.signatures import Word
from boathouse.models.approval.wire import said_json, signatures_json
from boathouse.models.deployment.starting import DeploymentJobs
from boathouse.models.deployment.wire import job_json, start_json
from boathouse.models.registry import parse_model_name
from boathouse.server.authentication import Caller
from boathouse.server.routes.model_evidence import Which
from boathouse.server.routes.models import FullName
from boathouse.session.sql.instants import parse_instant

Json = dict[str, Any]
FindVersion = Callable[[Principal, str, str], tuple[ModelName, int]]
PREFIX = "/api/boathouse/v1"


class WordSaid(BaseModel):
    """What somebody says of a version."""

    model_config = ConfigDict(extra="forbid")

    say: Say = Field(examples=["approved"])
    reason: str | None = Field(None, examples=["better on every carrier but one"])
    gate: str | None = Field(None, description="Of a waiver: which gate.", examples=["calibration"])
    until: str | None = Field(None, description="Of a waiver: its end.", examples=["2026-04-01"])
    evaluation_id: str | None = Field(None, description="The evaluation that was looked at; newer evidence: conflict.")


def routes(approvals: Approvals, deployment_jobs: DeploymentJobs, find: FindVersion) -> APIRouter:
    """The verbs on signatures and on deployment jobs."""
    router = APIRouter(prefix=PREFIX, tags=["model approvals"])

    @router.post("/models/{name}/versions/{version}/approvals", summary="Approve, refuse, waive a gate, or withdraw")
    def say(  # pyright: ignore[reportUnusedFunction]
        principal: Caller, name: FullName, version: Which, word: Annotated[WordSaid, Body()]
    ) -> Json:
        found, number = find(principal, name, version)
        until = parse_instant(word.until) if word.until else None
        said = Word(word.say, word.reason, word.gate, until, word.evaluation_id)
        return signatures_json(approvals.say(principal, found, number, said))

    @router.get("/models/{name}/versions/{version}/approvals", summary="How the signatures of a version stand")
    def standing(principal: Caller, name: FullName, version: Which) -> Json:  # pyright: ignore[reportUnusedFunction]
        found, number = find(principal, name, version)
        return signatures_json(approvals.standing(principal, found, number))

    @router.post(
        "/models/{name}/versions/{version}/approvals/requests", summary="Ask for the signatures that are missing"
    )
    def ask(principal: Caller, name: FullName, version: Which) -> Json:  # pyright: ignore[reportUnusedFunction]
        found, number = find(principal, name, version)
        task = current_request().task
        return signatures_json(approvals.ask(principal, found, number, run_id=task.run_id if task else None))

    @router.get("/models/{name}/approvals", summary="All that was ever said of a model's versions, oldest first")
    def said_of(principal: Caller, name: FullName) -> Json:  # pyright: ignore[reportUnusedFunction]
        found = approvals.said(principal, parse_model_name(name))
        return {"approvals": [said_json(each) for each in found]}

    @router.get("/approvals/pending", summary="The versions that wait for your signature")
    def pending(principal: Caller) -> Json:  # pyright: ignore[reportUnusedFunction]
        return {"pending": [signatures_json(each) for each in approvals.pending(principal)]}

    @router.post("/models/{name}/versions/{version}/deployments", summary="Start a version's deployment job by hand")
    def deploy(principal: Caller, name: FullName, version: Which) -> Json:  # pyright: ignore[reportUnusedFunction]
        found, number = find(principal, name, version)
        return start_json(deployment_jobs.deploy(principal, found, number))

    @router.get("/models/{name}/deployments", summary="A model's deployment job, and what it was started for")
    def deployments(  # pyright: ignore[reportUnusedFunction]
        principal: Caller, name: FullName, version: Annotated[int | None, Query(ge=1)] = None
    ) -> Json:
        found = parse_model_name(name)
        starts = deployment_jobs.starts(principal, found, version)
        return {
            "job": job_json(deployment_jobs.job_of(principal, found)),
            "starts": [start_json(each) for each in starts],
        }

    return router
