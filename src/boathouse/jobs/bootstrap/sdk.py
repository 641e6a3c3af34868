"""Notes the secrets that a task fetches through ``databricks-sdk``, so that they are kept out of its log as well.

Nothing happens until the task imports the SDK.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

_WATCHED = "databricks.sdk.core"
_PATH = "/api/2.0/secrets/get"


class SdkWatcher:
    """Finds no module itself; adds a step after one is loaded."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        if fullname != _WATCHED:
            return None
        sys.meta_path.remove(self)  # type: ignore[arg-type]
        found = (finder.find_spec(fullname, path, target) for finder in sys.meta_path)
        spec: Any = next(filter(None, found), None)
        if spec is not None:
            load = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                load(module)
                _watch(module.ApiClient)

            spec.loader.exec_module = exec_module
        return spec


def install() -> None:
    sys.meta_path.insert(0, SdkWatcher())  # type: ignore[arg-type]


def _watch(client: Any) -> None:
    call = client.do

    def do(self: Any, method: str, path: Any = None, *arguments: Any, **options: Any) -> Any:
        answer = call(self, method, path, *arguments, **options)
        if path == _PATH and isinstance(answer, dict) and isinstance(answer.get("value"), str):
            from base64 import b64decode

            from boathouse.foundation.redaction import note

            from .own import own_ledger

            note([b64decode(answer["value"]), answer["value"].encode()], *own_ledger)
        return answer

    client.do = do
