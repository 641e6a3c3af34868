"""The least that answers: JSON in, LightGBM's predict, JSON out; as ASGI and as RSGI. Nothing is checked or kept."""

import os
from typing import Any

import lightgbm
import numpy as np
import orjson

_booster: Any = lightgbm.Booster(model_file=os.environ["BENCH_MODEL"])


def answer(body: bytes) -> bytes:
    rows = np.array(orjson.loads(body)["dataframe_split"]["data"], dtype=np.float64)
    return orjson.dumps({"predictions": _booster.predict(rows, num_threads=1)}, option=orjson.OPT_SERIALIZE_NUMPY)


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    found = answer(body)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(found)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": found})


class Rsgi:
    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        found = answer(await protocol())
        protocol.response_bytes(200, [("content-type", "application/json")], found)


rsgi = Rsgi()
