"""How mature the work on models is, by what happened. Ours."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from boathouse.models.registry import parse_model_name
from boathouse.monitoring.maturity.nouns import Maturity, Practice, Standpoint
from boathouse.monitoring.maturity.practices import PRACTICES
from boathouse.server.authentication import Caller
from boathouse.wiring.maturity import MOST_MODELS, Maturities

JSON = dict[str, Any]
_BY_NAME = {practice.name: practice for practice in PRACTICES}
_PRACTICE: JSON = {
    "name": "data_versions",
    "title": "Training data have versions",
    "standing": "met",
    "evidence": "Version 3 was trained on prod.flights.weather@12.",
}
_STEP: JSON = {"practice": "rollback_exercised", "step": "boathouse model rollback-drill prod.flights.delay"}
_SCALE: JSON = {
    "name": "short",
    "title": "Ad hoc to continuous improvement (0-3)",
    "level": 1,
    "level_name": "Repeatable training",
    "level_if_measured": 1,
    "next_step": _STEP,
    "levels": [{"number": 1, "name": "Repeatable training", "is_reached": True, "practices": ["data_versions"]}],
}
_MATURITY: JSON = {"model": "prod.flights.delay", "version": 3, "scales": [_SCALE], "practices": [_PRACTICE]}


def routes(maturities: Maturities) -> APIRouter:
    """The routes of maturity."""
    router = APIRouter(tags=["maturity"], prefix="/api/boathouse/v1")

    @router.get(
        "/maturity", summary="How mature the models' lives are", responses=_example({"models": [_MATURITY], "left": 0})
    )
    def all_models(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, limit: Annotated[int, Query(ge=1, le=MOST_MODELS)] = 100
    ) -> JSON:
        found, left = maturities.all(caller, limit)
        return {"models": [maturity_json(each) for each in found], "left": left}

    @router.get("/models/{name}/maturity", summary="How mature a model's life is", responses=_example(_MATURITY))
    def one_model(caller: Caller, name: str) -> JSON:  # pyright: ignore[reportUnusedFunction]
        return maturity_json(maturities.of(caller, parse_model_name(name)))

    return router


def maturity_json(found: Maturity) -> JSON:
    return {
        "model": found.model,
        "version": found.version,
        "scales": [_scale_json(found, each) for each in found.standpoints],
        "practices": [_practice_json(found, practice) for practice in PRACTICES],
    }


def _scale_json(found: Maturity, standpoint: Standpoint) -> JSON:
    levels = standpoint.scale.levels
    return {
        "name": standpoint.scale.name,
        "title": standpoint.scale.title,
        "level": standpoint.level,
        "level_name": levels[standpoint.level].name,
        "level_if_measured": standpoint.level_if_measured,
        "next_step": _next(found, standpoint.next_practice),
        "levels": [
            {
                "number": each.number,
                "name": each.name,
                "is_reached": each.number <= standpoint.level,
                "practices": list(each.practices),
                "next_step": _next(found, standpoint.cheapest.get(each.number)),
            }
            for each in levels
        ],
    }


def _practice_json(found: Maturity, practice: Practice) -> JSON:
    finding = found.findings[practice.name]
    return {
        "name": practice.name,
        "title": practice.title,
        "standing": finding.standing.value,
        "evidence": finding.evidence,
        **({} if finding.is_met else {"next_step": _step(found, practice), "effort": practice.effort}),
    }


def _next(found: Maturity, practice: str | None) -> JSON | None:
    return {"practice": practice, "step": _step(found, _BY_NAME[practice])} if practice else None


def _step(found: Maturity, practice: Practice) -> str:
    return practice.next_step.replace("{model}", found.model)


def _example(body: JSON) -> dict[int | str, JSON]:
    return {200: {"content": {"application/json": {"example": body}}}}
