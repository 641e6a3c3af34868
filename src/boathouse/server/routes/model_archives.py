"""Archives of model versions: out, in, and whose are taken. ``/api/boathouse/v1/models/.../archive``, ``/signers``."""

from pathlib import Path
from typing import Annotated, Any, BinaryIO
from urllib.parse import quote

from fastapi import APIRouter, Body, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from boathouse.models.archives.importing import Imported, Imports
from boathouse.models.archives.nouns import ArchiveTooLarge, Signer
from boathouse.models.registry import parse_model_name
from boathouse.server.authentication import Caller
from boathouse.server.routes.model_cards import Which
from boathouse.server.routes.models import FullName
from boathouse.wiring.model_releases import ModelReleases

Json = dict[str, Any]
TAR = "application/x-tar"
CHUNK_BYTES = 1 << 20
_ROOM_FOR_HEADERS = 200_000_000


class SignerGiven(BaseModel):
    """A public key that is to be trusted."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field(examples=["boathouse-ed25519 AAAA... partner"])
    name: str | None = Field(None, examples=["partner"])


def routes(releases: ModelReleases) -> APIRouter:
    """Export, import and trust."""
    router = APIRouter(prefix="/api/boathouse/v1", tags=["model archives"])
    _add_export(router, releases)
    _add_import(router, releases.imports)
    _add_signers(router, releases)
    return router


def _add_export(router: APIRouter, releases: ModelReleases) -> None:
    @router.get(
        "/models/{name}/versions/{version}/archive",
        summary="A version in one signed file",
        response_class=StreamingResponse,
        responses={200: {"content": {TAR: {}}}},
    )
    def export(principal: Caller, name: FullName, version: Which) -> StreamingResponse:  # pyright: ignore[reportUnusedFunction]
        model, number = releases.governance.version(principal, name, version)
        packed, chunks = releases.exports.export(principal, model, number)
        headers = {
            "content-disposition": f"attachment; filename*=UTF-8''{quote(f'{model}-{number}.tar')}",
            "boathouse-manifest-sha256": packed.sha256,
        }
        return StreamingResponse(chunks, media_type=TAR, headers=headers)


def _add_import(router: APIRouter, imports: Imports) -> None:
    # Async, since a body that is too large for memory can only be read as it arrives.
    @router.post(
        "/models/{name}/archive",
        summary="Make a version of what an archive holds",
        openapi_extra={"requestBody": {"content": {TAR: {"schema": {"type": "string", "format": "binary"}}}}},
    )
    async def take_in(  # pyright: ignore[reportUnusedFunction]
        principal: Caller,
        name: FullName,
        request: Request,
        allow_pickle: Annotated[bool, Query(description="Take a model that runs code of its maker")] = False,
        evaluate: Annotated[bool, Query(description="Start the model's deployment job with it")] = False,
    ) -> Json:
        model = parse_model_name(name)
        await run_in_threadpool(imports.require_may, principal, model)  # before anything is received
        file = await run_in_threadpool(imports.incoming)
        try:
            await _receive(request, file, imports.limits.total_bytes + _ROOM_FOR_HEADERS)
            imported = await run_in_threadpool(
                imports.take_in, principal, file, model, allow_pickle=allow_pickle, starts_job=evaluate
            )
        finally:
            await run_in_threadpool(file.unlink, missing_ok=True)
        return imported_json(imported)


def _add_signers(router: APIRouter, releases: ModelReleases) -> None:
    @router.get("/signers", summary="Whose archives are taken here, and this home's own key")
    def signers(principal: Caller) -> Json:  # pyright: ignore[reportUnusedFunction]
        del principal  # everybody who is known may know it
        return {
            "own_key": releases.trust.own_key(),
            "signers": [signer_json(each) for each in releases.trust.signers()],
        }

    @router.post("/signers", summary="Trust a key")
    def add(principal: Caller, given: Annotated[SignerGiven, Body()]) -> Json:  # pyright: ignore[reportUnusedFunction]
        return signer_json(releases.trust.add(principal, given.key, given.name))

    @router.delete("/signers", summary="Take no more archives of a key")
    def remove(  # pyright: ignore[reportUnusedFunction]
        principal: Caller, which: Annotated[str, Query(description="Name or fingerprint", examples=["partner"])]
    ) -> Json:
        return signer_json(releases.trust.remove(principal, which))


async def _receive(request: Request, file: Path, most: int) -> None:
    """Write the body to a file, in large pieces, and stop when it is too much."""
    received, held = 0, bytearray()
    with file.open("wb") as written:
        async for chunk in request.stream():
            received += len(chunk)
            if received > most:
                raise ArchiveTooLarge(f"The archive has more than {most:,} bytes, which is more than is taken.")
            held += chunk
            if len(held) >= CHUNK_BYTES:
                await run_in_threadpool(_write, written, bytes(held))
                held.clear()
        await run_in_threadpool(_write, written, bytes(held))


def _write(file: BinaryIO, content: bytes) -> None:
    file.write(content)


def imported_json(imported: Imported) -> Json:
    return {
        "model": imported.model,
        "version": imported.version,
        "run_id": imported.run_id,
        "origin": {"model": imported.origin_model, "version": imported.origin_version},
        "signer": signer_json(imported.signer),
        "manifest_sha256": imported.manifest_sha256,
        "runs_code": [{"path": each.path, "why": each.why} for each in imported.runs_code],
    }


def signer_json(signer: Signer) -> Json:
    return {
        "fingerprint": signer.fingerprint,
        "name": signer.name,
        "added_by": signer.added_by,
        "added_at": signer.added_at,
        "is_own": signer.is_own,
    }
