"""Boathouse's own routes of registered models: what MLflow's API does not say. ``/api/boathouse/v1/models``."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from boathouse.models import ANY
from boathouse.models.models import Models
from boathouse.models.nouns import AliasMove, ModelVersion, RegisteredModel
from boathouse.models.registry import LARGEST_PAGE, parse_model_name
from boathouse.server.authentication import Caller

_EXAMPLE = "prod.flights.delay"
FullName = Annotated[str, Path(description="catalog.schema.model", examples=[_EXAMPLE])]
Alias = Annotated[str, Path(examples=["champion"])]


class _Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ModelShown(_Shown):
    """A registered model."""

    name: str = Field(examples=[_EXAMPLE])
    comment: str | None = Field(None, examples=["Will this flight arrive 15 minutes late or more?"])
    aliases: dict[str, int] = Field(examples=[{"champion": 3}])
    tags: dict[str, str] = Field(examples=[{"team": "flights"}])
    created_at: int = Field(examples=[1767225600000])
    updated_at: int = Field(examples=[1767225600000])


class VersionShown(_Shown):
    """A version of a registered model."""

    model: str = Field(examples=[_EXAMPLE])
    version: int = Field(examples=[3])
    source: str = Field(examples=["models:/m-0a1b2c"])
    run_id: str | None = Field(examples=["8f14e45f"])
    comment: str | None = None
    aliases: tuple[str, ...] = Field(examples=[["champion"]])
    tags: dict[str, str] = Field(examples=[{"validated": "yes"}])
    created_at: int = Field(examples=[1767225600000])


class MoveShown(_Shown):
    """A move of an alias."""

    model: str = Field(examples=[_EXAMPLE])
    alias: str = Field(examples=["champion"])
    from_version: int | None = Field(examples=[2])
    to_version: int | None = Field(examples=[3])
    principal: str = Field(examples=["ada"])
    moved_at: int = Field(examples=[1767225600000])
    reason: str | None = Field(examples=["better on May"])
    through: str = Field(examples=["boathouse"])
    request_id: str = Field(examples=["3f2c"])
    decision_id: str | None = Field(None, description="Of a promotion or a rollback; `why` tells of it.")


class ModelsShown(BaseModel):
    """A page of the models that the caller may read, by name."""

    models: list[ModelShown]
    next_page_token: str | None = Field(None, description="Where the next page begins; null: this is the last one.")


class ModelDetails(BaseModel):
    """A model and its versions, newest first."""

    model: ModelShown
    versions: list[VersionShown]


class MovesShown(BaseModel):
    """Moves of aliases, newest first."""

    moves: list[MoveShown]


class AliasTarget(BaseModel):
    """Where an alias should point, and where the caller believes it points now."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(gt=0, examples=[3])
    expected: int | None = Field(
        None,
        description="Move only if the alias points here now; null: only if it does not exist. Left out: move anyway.",
        examples=[2],
    )
    reason: str | None = Field(None, examples=["better on May"])


def routes(models: Models) -> APIRouter:
    """List, show, aliases and their history."""
    router = APIRouter(prefix="/api/boathouse/v1/models", tags=["models"])

    @router.get("", summary="The registered models you may read, page by page")
    def list_models(  # pyright: ignore[reportUnusedFunction]
        principal: Caller,
        max_results: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = LARGEST_PAGE,
        page_token: str | None = None,
        containing: Annotated[str, Query(description="Only models with this text in their name.")] = "",
        catalog: Annotated[str | None, Query(description="Only models of this catalog.")] = None,
    ) -> ModelsShown:
        found, token = models.page_of_registered_models(
            principal, after=page_token, limit=max_results, containing=containing, catalog=catalog
        )
        return ModelsShown(models=[_model(each) for each in found], next_page_token=token)

    @router.get("/{name}", summary="A registered model and its versions")
    def show(principal: Caller, name: FullName) -> ModelDetails:  # pyright: ignore[reportUnusedFunction]
        model, versions = models.model_with_versions(principal, parse_model_name(name))
        return ModelDetails(model=_model(model), versions=[_version(each) for each in versions])

    @router.put("/{name}/aliases/{alias}", summary="Point an alias at a version, if it still points where you think")
    def set_alias(  # pyright: ignore[reportUnusedFunction]
        principal: Caller, name: FullName, alias: Alias, target: Annotated[AliasTarget, Body()]
    ) -> MoveShown:
        expected = target.expected if "expected" in target.model_fields_set else ANY
        move = models.set_alias(
            principal, parse_model_name(name), alias, target.version, expected=expected, reason=target.reason
        )
        return _move(move)

    @router.delete("/{name}/aliases/{alias}", summary="Take an alias away")
    def delete_alias(  # pyright: ignore[reportUnusedFunction]
        principal: Caller, name: FullName, alias: Alias, reason: Annotated[str | None, Query()] = None
    ) -> MoveShown:
        return _move(models.delete_alias(principal, parse_model_name(name), alias, reason=reason))

    @router.get("/{name}/history", summary="How the aliases of a model moved, newest first")
    def history(  # pyright: ignore[reportUnusedFunction]
        principal: Caller, name: FullName, alias: Annotated[str | None, Query(examples=["champion"])] = None
    ) -> MovesShown:
        moves = models.alias_history(principal, parse_model_name(name), alias)
        return MovesShown(moves=[_move(each) for each in moves])

    return router


def _model(model: RegisteredModel) -> ModelShown:
    return ModelShown.model_validate(model)


def _version(version: ModelVersion) -> VersionShown:
    return VersionShown.model_validate(version)


def _move(move: AliasMove) -> MoveShown:
    return MoveShown.model_validate(move)
