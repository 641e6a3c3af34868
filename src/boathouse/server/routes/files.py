"""The Files API in Databricks' shapes, for volumes."""

from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response, StreamingResponse

from boathouse.foundation.errors import NotFound
from boathouse.server.authentication import Caller
from boathouse.session.file_store import FileEntry, FileStore, OpenFile

CHUNK_BYTES = 1 << 20
MOST_ENTRIES = 1000
BYTES = "application/octet-stream"
_FILE = "/api/2.0/fs/files/Volumes/{path:path}"
_FOLDER = "/api/2.0/fs/directories/Volumes/{path:path}"


def routes(store: FileStore) -> APIRouter:
    """The routes over a store."""
    router = APIRouter(tags=["files"])
    _add_files(router, store)
    _add_folders(router, store)
    return router


def _add_files(router: APIRouter, store: FileStore) -> None:
    # The one async route: a body that is too large for memory can only be read as it arrives.
    @router.put(
        _FILE,
        status_code=204,
        summary="Upload a file",
        openapi_extra={"requestBody": {"content": {BYTES: {"schema": {"type": "string", "format": "binary"}}}}},
    )
    async def upload(caller: Caller, path: str, request: Request, overwrite: bool = False) -> Response:
        full = _full(path)
        draft = await run_in_threadpool(store.start_upload, caller, full, overwrite=overwrite)
        try:
            held = bytearray()
            async for chunk in request.stream():
                held += chunk
                if len(held) >= CHUNK_BYTES:
                    await run_in_threadpool(draft.write, bytes(held))
                    held.clear()
            await run_in_threadpool(draft.write, bytes(held))
            await run_in_threadpool(store.finish_upload, caller, full, draft)
        finally:
            await run_in_threadpool(draft.discard)
        return Response(status_code=204)

    @router.get(_FILE, summary="Download a file", response_class=StreamingResponse,
                responses={200: {"content": {BYTES: {}}}})  # fmt: skip
    def download(caller: Caller, path: str, request: Request) -> Response:
        found = store.open_file(caller, _full(path))
        start, end = _range(request.headers.get("range"), found.size_bytes)
        headers = _headers(found) | {"content-length": str(end - start)}
        if (start, end) == (0, found.size_bytes):
            return StreamingResponse(_chunks(found.place, start, end), headers=headers, media_type=BYTES)
        headers["content-range"] = f"bytes {start}-{end - 1}/{found.size_bytes}"
        return StreamingResponse(_chunks(found.place, start, end), 206, headers, BYTES)

    @router.head(_FILE, summary="Size and age of a file")
    def head(caller: Caller, path: str) -> Response:
        found = store.open_file(caller, _full(path), audit=False)
        return Response(headers=_headers(found) | {"content-length": str(found.size_bytes)}, media_type=BYTES)

    @router.delete(_FILE, status_code=204, summary="Delete a file")
    def delete(caller: Caller, path: str) -> Response:
        store.delete_file(caller, _full(path))
        return Response(status_code=204)

    @router.post(_FILE, summary="Uploads in parts are not offered; clients fall back to one PUT", status_code=404)
    def upload_in_parts(path: str) -> Response:
        raise NotFound("Uploads in parts are not offered here.", hint="Send the file in one PUT.")


def _add_folders(router: APIRouter, store: FileStore) -> None:
    @router.put(_FOLDER, status_code=204, summary="Make a folder and those above it")
    def make(caller: Caller, path: str) -> Response:
        store.make_folder(caller, _full(path))
        return Response(status_code=204)

    @router.get(_FOLDER, summary="What a folder holds",
                responses={200: {"content": {"application/json": {"example": {"contents": [
                    {"path": "/Volumes/dev/shop/landing/a.csv", "name": "a.csv", "is_directory": False,
                     "file_size": 12, "last_modified": 1700000000000}]}}}}})  # fmt: skip
    def entries(
        caller: Caller,
        path: str,
        page_size: Annotated[int, Query(ge=0)] = MOST_ENTRIES,
        page_token: str = "",
    ) -> dict[str, Any]:
        limit = min(page_size or MOST_ENTRIES, MOST_ENTRIES)
        found = store.list_folder(caller, _full(path), after=page_token, limit=limit + 1)
        answer: dict[str, Any] = {"contents": [_entry_json(entry) for entry in found[:limit]]}
        if len(found) > limit:
            answer["next_page_token"] = found[limit - 1].name
        return answer

    @router.head(_FOLDER, summary="Whether a folder exists")
    def exists(caller: Caller, path: str) -> Response:
        store.folder_exists(caller, _full(path))
        return Response()

    @router.delete(_FOLDER, status_code=204, summary="Delete an empty folder")
    def delete(caller: Caller, path: str) -> Response:
        store.delete_folder(caller, _full(path))
        return Response(status_code=204)


def _full(path: str) -> str:
    return f"/Volumes/{path}"


def _headers(found: OpenFile) -> dict[str, str]:
    """``nosniff``: what somebody has put here is never read as a script or a page of ours."""
    modified = formatdate(found.modified_ms / 1000, usegmt=True)
    return {"last-modified": modified, "accept-ranges": "bytes", "x-content-type-options": "nosniff"}


def _range(header: str | None, size: int) -> tuple[int, int]:
    """First byte and the one after the last of a ``Range`` that we can serve; otherwise the whole file."""
    unit, _, spelled = (header or "").partition("=")
    first, dash, last = spelled.partition("-")
    if unit != "bytes" or not dash or not first.isdigit() or not (last.isdigit() or not last):
        return 0, size
    start, end = int(first), min(int(last) + 1 if last else size, size)
    return (start, end) if start < end else (0, size)


def _chunks(place: Path, start: int, end: int) -> Iterator[bytes]:
    with place.open("rb") as file:
        file.seek(start)
        left = end - start
        while left and (chunk := file.read(min(CHUNK_BYTES, left))):
            left -= len(chunk)
            yield chunk


def _entry_json(entry: FileEntry) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "path": entry.path,
        "name": entry.name,
        "is_directory": entry.is_directory,
        "last_modified": entry.modified_ms,
    }
    return shown if entry.is_directory else {**shown, "file_size": entry.size_bytes}
