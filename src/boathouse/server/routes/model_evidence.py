"""Evidence of model versions: tasks send measurements, the server judges and keeps both."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from boathouse.foundation.ids import new_id
from boathouse.foundation.names import ModelName
from boathouse.models.evidence import Evaluation, EvaluationKind, Evidence, Measurement, Slice
from boathouse.models.evidence.wire import all_evidence_json, evaluation_json
from boathouse.server.authentication import Caller
from boathouse.server.routes.models import FullName
from boathouse.wiring.model_governance import ModelGovernance

Json = dict[str, Any]
Which = Annotated[str, Path(description="A version, or an alias or stage that points at one", examples=["3"])]


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SliceSent(_Sent):
    """A part of the rows."""

    key: str = Field(examples=["carrier"])
    value: str = Field(examples=["UA"])


class MeasurementSent(_Sent):
    """One number that a gate has found, or why there is none."""

    gate: str = Field(examples=["against_champion"])
    metric: str = Field(examples=["log_loss"])
    value: float | None = Field(None, examples=[0.41])
    rows: int = Field(ge=0, examples=[48210])
    slice: SliceSent | None = None
    interval: tuple[float, float] | None = Field(None, examples=[[0.40, 0.42]])
    baseline: str | None = Field(None, examples=["version 2"])
    problem: str | None = None
    details: Json = Field(default_factory=dict)


class EvaluationSent(_Sent):
    """What was measured of a version, in one go."""

    evaluation_id: str | None = Field(
        None, description="Chosen by the caller, so that sending again writes nothing twice."
    )
    kind: EvaluationKind = EvaluationKind.GATES
    data_table: str | None = Field(None, examples=["prod.flights.evaluation"])
    data_version: int | None = Field(None, examples=[12])
    champion: int | None = Field(None, examples=[2])
    code_hash: str | None = None
    run_id: int | None = None
    measurements: list[MeasurementSent]


def routes(governance: ModelGovernance) -> APIRouter:
    """Record and read evidence."""
    router = APIRouter(prefix="/api/boathouse/v1/models", tags=["model evidence"])

    @router.post("/{name}/versions/{version}/evaluations", summary="Record what was measured; the server judges it")
    def record(  # pyright: ignore[reportUnusedFunction]
        principal: Caller, name: FullName, version: Which, sent: Annotated[EvaluationSent, Body()]
    ) -> Json:
        found, number = governance.version(principal, name, version)
        measurements = [_measurement(each) for each in sent.measurements]
        return all_evidence_json(governance.record(principal, _evaluation(sent, found, number), measurements))

    @router.get("/{name}/versions/{version}/evaluations", summary="The evaluations of a version, newest first")
    def evaluations(principal: Caller, name: FullName, version: Which) -> Json:  # pyright: ignore[reportUnusedFunction]
        found, number = governance.version(principal, name, version)
        stored = governance.evidence.evaluations(principal, found, number)
        return {
            "evaluations": [
                evaluation_json(each.evaluation) | {"principal": each.principal, "recorded_at": each.recorded_at}
                for each in stored
            ]
        }

    @router.get(
        "/{name}/versions/{version}/evidence", summary="The evidence of a version, of the latest evaluation first"
    )
    def evidence(  # pyright: ignore[reportUnusedFunction]
        principal: Caller,
        name: FullName,
        version: Which,
        evaluation_id: Annotated[str | None, Query(description="Of this evaluation only")] = None,
        latest: Annotated[int, Query(ge=1, le=1000, description="Of so many evaluations")] = 10,
    ) -> Json:
        found, number = governance.version(principal, name, version)
        rows: list[Evidence] = governance.evidence.of(
            principal, found, number, evaluation_id=evaluation_id, latest=latest
        )
        return all_evidence_json(rows)

    return router


def _evaluation(sent: EvaluationSent, name: ModelName, version: int) -> Evaluation:
    return Evaluation(
        sent.evaluation_id or new_id(),
        str(name),
        version,
        sent.data_table,
        sent.data_version,
        sent.champion,
        sent.code_hash,
        sent.run_id,
        sent.kind,
    )


def _measurement(sent: MeasurementSent) -> Measurement:
    return Measurement(
        sent.gate,
        sent.metric,
        sent.value,
        sent.rows,
        None if sent.slice is None else Slice(sent.slice.key, sent.slice.value),
        sent.interval,
        sent.baseline,
        sent.problem,
        sent.details,
    )
