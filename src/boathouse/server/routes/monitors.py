"""Monitors in three dialects: ``quality_monitors`` of the Unity Catalog API, its successor ``data_quality``, and our
own for what those have no words for."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field

from boathouse.catalog import Catalog, SecurableKind
from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import TableName
from boathouse.foundation.principals import Principal
from boathouse.monitoring.monitors import wire
from boathouse.monitoring.monitors.nouns import Monitor, Progress, Span
from boathouse.monitoring.monitors.service import Monitors
from boathouse.server.authentication import Caller
from boathouse.session.sql.instants import parse_instant

Json = dict[str, Any]
Given = Annotated[Json, Body()]


def routes(monitors: Monitors, catalog: Catalog) -> APIRouter:
    """All three."""
    router = APIRouter()
    router.include_router(_quality_monitors(monitors))
    router.include_router(_data_quality(monitors, catalog))
    router.include_router(_ours(monitors))
    return router


def _quality_monitors(monitors: Monitors) -> APIRouter:
    router = APIRouter(prefix="/api/2.1/unity-catalog/tables", tags=["monitors"])

    @router.post("/{name}/monitor", summary="Watch a table")
    def create(principal: Caller, name: str, given: Given) -> Json:  # pyright: ignore[reportUnusedFunction]
        table = TableName.parse(name)
        return _answered(monitors.create(principal, table, wire.read_settings(given, str(table))), given)

    @router.get("/{name}/monitor", summary="The monitor of a table")
    def get(principal: Caller, name: str) -> Json:  # pyright: ignore[reportUnusedFunction]
        return wire.monitor_json(monitors.get(principal, TableName.parse(name)))

    @router.put("/{name}/monitor", summary="Watch a table in another way")
    def update(principal: Caller, name: str, given: Given) -> Json:  # pyright: ignore[reportUnusedFunction]
        table = TableName.parse(name)
        return _answered(monitors.update(principal, table, wire.read_settings(given, str(table))), given)

    @router.delete("/{name}/monitor", summary="Watch a table no more; the metric tables stay")
    def delete(principal: Caller, name: str) -> Json:  # pyright: ignore[reportUnusedFunction]
        monitors.delete(principal, TableName.parse(name))
        return {}

    @router.post("/{name}/monitor/refreshes", summary="Bring the metrics up to date")
    def refresh(principal: Caller, name: str) -> Json:  # pyright: ignore[reportUnusedFunction]
        return wire.refresh_json(monitors.refreshes.ask(principal, TableName.parse(name)))

    @router.get("/{name}/monitor/refreshes", summary="The latest refreshes, newest first")
    def refreshes(principal: Caller, name: str) -> Json:  # pyright: ignore[reportUnusedFunction]
        found = monitors.refreshes.list(principal, TableName.parse(name))
        return {"refreshes": [wire.refresh_json(each) for each in found]}

    @router.get("/{name}/monitor/refreshes/{refresh_id}", summary="One refresh")
    def one(principal: Caller, name: str, refresh_id: int) -> Json:  # pyright: ignore[reportUnusedFunction]
        return wire.refresh_json(monitors.refreshes.get(principal, TableName.parse(name), refresh_id))

    @router.post("/{name}/monitor/refreshes/{refresh_id}/cancel", summary="End a refresh")
    def cancel(principal: Caller, name: str, refresh_id: int) -> Json:  # pyright: ignore[reportUnusedFunction]
        return wire.refresh_json(monitors.refreshes.cancel(principal, TableName.parse(name), refresh_id))

    return router


def _data_quality(monitors: Monitors, catalog: Catalog) -> APIRouter:
    router = APIRouter(prefix="/api/data-quality/v1/monitors", tags=["monitors"])

    def shown(principal: Principal, monitor: Monitor) -> Json:
        schema = monitor.settings.output_schema_name
        return wire.profiling_json(monitor, catalog.securables.get(principal, SecurableKind.SCHEMA, schema).id)

    def table_of(principal: Principal, object_type: str, object_id: str) -> TableName:
        _require_table(object_type)
        return monitors.of_table_id(principal, object_id).table

    def settings_of(config: Mapping[str, Any], table: TableName) -> Any:
        schema_id = str(config.get("output_schema_id") or "")
        schema = catalog.securables.names_of([schema_id]).get(schema_id)
        if schema is None:
            raise InvalidInput(f"There is no schema with the id {schema_id!r}.", hint="Say output_schema_id.")
        return wire.read_settings(wire.settings_of_profiling(config, schema), str(table))

    @router.post("", summary="Watch a table")
    def create(principal: Caller, given: Given) -> Json:  # pyright: ignore[reportUnusedFunction]
        _require_table(str(given.get("object_type")))
        object_id = str(given.get("object_id") or "")
        name = catalog.securables.names_of([object_id]).get(object_id)
        if name is None:
            raise InvalidInput(f"There is no table with the id {object_id!r}.", hint="It is table_id of GET tables.")
        table = TableName.parse(name)
        return shown(principal, monitors.create(principal, table, settings_of(_config(given), table)))

    @router.get("", summary="The monitors that the caller may see")
    def list_all(  # pyright: ignore[reportUnusedFunction]
        principal: Caller, page_size: int | None = None, page_token: str | None = None
    ) -> Json:
        return {"monitors": [shown(principal, each) for each in monitors.list(principal)]}

    @router.get("/{object_type}/{object_id}", summary="The monitor of a table")
    def get(principal: Caller, object_type: str, object_id: str) -> Json:  # pyright: ignore[reportUnusedFunction]
        return shown(principal, monitors.get(principal, table_of(principal, object_type, object_id)))

    @router.patch("/{object_type}/{object_id}", summary="Change the fields that the mask names")
    def update(  # pyright: ignore[reportUnusedFunction]
        principal: Caller, object_type: str, object_id: str, given: Given, update_mask: str = "*"
    ) -> Json:
        table = table_of(principal, object_type, object_id)
        before = shown(principal, monitors.get(principal, table))["data_profiling_config"]
        changed = wire.masked(before, _config(given), update_mask)
        return shown(principal, monitors.update(principal, table, settings_of(changed, table)))

    @router.delete("/{object_type}/{object_id}", summary="Watch a table no more; the metric tables stay")
    def delete(principal: Caller, object_type: str, object_id: str) -> Json:  # pyright: ignore[reportUnusedFunction]
        monitors.delete(principal, table_of(principal, object_type, object_id))
        return {}

    @router.post("/{object_type}/{object_id}/refreshes", summary="Bring the metrics up to date")
    def refresh(principal: Caller, object_type: str, object_id: str) -> Json:  # pyright: ignore[reportUnusedFunction]
        table = table_of(principal, object_type, object_id)
        return wire.profiling_refresh_json(monitors.refreshes.ask(principal, table), object_id)

    @router.get("/{object_type}/{object_id}/refreshes", summary="The latest refreshes, newest first")
    def refreshes(principal: Caller, object_type: str, object_id: str) -> Json:  # pyright: ignore[reportUnusedFunction]
        found = monitors.refreshes.list(principal, table_of(principal, object_type, object_id))
        return {"refreshes": [wire.profiling_refresh_json(each, object_id) for each in found]}

    @router.get("/{object_type}/{object_id}/refreshes/{refresh_id}", summary="One refresh")
    def one(  # pyright: ignore[reportUnusedFunction]
        principal: Caller, object_type: str, object_id: str, refresh_id: int
    ) -> Json:
        table = table_of(principal, object_type, object_id)
        return wire.profiling_refresh_json(monitors.refreshes.get(principal, table, refresh_id), object_id)

    @router.post("/{object_type}/{object_id}/refreshes/{refresh_id}/cancel", summary="End a refresh")
    def cancel(  # pyright: ignore[reportUnusedFunction]
        principal: Caller, object_type: str, object_id: str, refresh_id: int
    ) -> Json:
        table = table_of(principal, object_type, object_id)
        ended = monitors.refreshes.cancel(principal, table, refresh_id)
        return {"refresh": wire.profiling_refresh_json(ended, object_id)}

    return router


class RefreshAsked(BaseModel):
    """What a refresh shall compute beside what has changed."""

    model_config = ConfigDict(extra="forbid")

    start: str | None = Field(None, description="A stretch whose windows are computed anew", examples=["2013-01-01"])
    end: str | None = Field(None, examples=["2013-02-01"])
    full: bool = Field(False, description="Everything is computed anew")


class Begun(BaseModel):
    """A task says that it begins."""

    model_config = ConfigDict(extra="forbid")

    run_id: int
    refresh_id: int | None = None


class Done(BaseModel):
    """A task says how far it came."""

    model_config = ConfigDict(extra="forbid")

    progress: Json
    result: Json


class Failed(BaseModel):
    """A task says why it could not."""

    model_config = ConfigDict(extra="forbid")

    message: str


def _ours(monitors: Monitors) -> APIRouter:
    router = APIRouter(prefix="/api/boathouse/v1/monitors", tags=["monitors"])

    @router.get("", summary="The monitors that the caller may see")
    def list_all(principal: Caller) -> Json:  # pyright: ignore[reportUnusedFunction]
        return {"monitors": [wire.monitor_json(each) for each in monitors.list(principal)]}

    @router.get("/{name}", summary="The monitor of a table, now or as it was")
    def get(  # pyright: ignore[reportUnusedFunction]
        principal: Caller, name: str, at: Annotated[str | None, Query(description="An instant")] = None
    ) -> Json:
        table = TableName.parse(name)
        if at is None:
            return wire.monitor_json(monitors.get(principal, table))
        version, settings = monitors.settings_at(principal, table, epoch_ms(parse_instant(at)))
        return {"table_name": str(table), "monitor_version": version, **settings.document()}

    @router.post("/{name}/refreshes", summary="Bring the metrics up to date, or compute them anew")
    def refresh(  # pyright: ignore[reportUnusedFunction]
        principal: Caller, name: str, asked: Annotated[RefreshAsked | None, Body()] = None
    ) -> Json:
        asked = asked or RefreshAsked(start=None, end=None, full=False)
        span = _span(asked)
        return wire.refresh_json(
            monitors.refreshes.ask(principal, TableName.parse(name), backfill=span, is_full=asked.full)
        )

    @router.post("/{name}/pause", summary="Let the schedule rest")
    def pause(principal: Caller, name: str) -> Json:  # pyright: ignore[reportUnusedFunction]
        return wire.monitor_json(monitors.pause(principal, TableName.parse(name), paused=True))

    @router.post("/{name}/resume", summary="Let the schedule go on")
    def resume(principal: Caller, name: str) -> Json:  # pyright: ignore[reportUnusedFunction]
        return wire.monitor_json(monitors.pause(principal, TableName.parse(name), paused=False))

    @router.post("/work/{monitor_id}/begin", summary="A task begins a refresh", include_in_schema=False)
    def begin(principal: Caller, monitor_id: str, begun: Begun) -> Json:  # pyright: ignore[reportUnusedFunction]
        work = monitors.refreshes.begin(principal, monitor_id, run_id=begun.run_id, refresh_id=begun.refresh_id)
        return wire.work_json(work)

    @router.post("/work/refreshes/{refresh_id}/done", summary="A task has refreshed", include_in_schema=False)
    def done(principal: Caller, refresh_id: int, told: Done) -> Json:  # pyright: ignore[reportUnusedFunction]
        progress = Progress.from_json(told.progress)
        return wire.refresh_json(monitors.refreshes.finish(principal, refresh_id, progress, told.result))

    @router.post("/work/refreshes/{refresh_id}/failed", summary="A task could not refresh", include_in_schema=False)
    def failed(principal: Caller, refresh_id: int, told: Failed) -> Json:  # pyright: ignore[reportUnusedFunction]
        monitors.refreshes.fail(principal, refresh_id, told.message)
        return {}

    return router


def _answered(monitor: Monitor, given: Json) -> Json:
    """The monitor, with the fields of the request that nothing comes of."""
    from boathouse.foundation.shapes import dotted, unused_fields
    from boathouse.monitoring.monitors.settings import MonitorSettings

    ignored = [dotted(path) for path in unused_fields(MonitorSettings.model_validate(given))]
    return {**wire.monitor_json(monitor), **({"ignored": ignored} if ignored else {})}


def _config(given: Json) -> Json:
    config: Any = given.get("data_profiling_config")
    if not isinstance(config, dict):
        raise InvalidInput("data_profiling_config is needed.", hint="Schemas cannot be watched as a whole, yet.")
    return config  # pyright: ignore[reportUnknownVariableType]


def _require_table(object_type: str) -> None:
    if object_type != "table":
        raise InvalidInput(f"Only tables can be watched, no {object_type!r}.", hint="Say object_type: table.")


def _span(asked: RefreshAsked) -> Span | None:
    if asked.start is None and asked.end is None:
        return None
    if asked.start is None or asked.end is None:
        raise InvalidInput("A backfill has a start and an end.")
    return Span(epoch_ms(parse_instant(asked.start)), epoch_ms(parse_instant(asked.end)))
