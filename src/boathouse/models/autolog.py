"""Autologging in tasks: the first import of a library that MLflow can watch turns ``mlflow.autolog()`` on.

A task that imports none of them pays for one set lookup per import. Off with ``BOATHOUSE_AUTOLOG=0``. Every task waits
for this file, so it imports next to nothing itself.
"""

from __future__ import annotations

import os
import sys
from _thread import get_ident

TYPE_CHECKING = False  # as typing's own, which takes longer to import than all the rest
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec
    from types import ModuleType

SWITCH = "BOATHOUSE_AUTOLOG"
TRACKING_VARIABLE = "MLFLOW_TRACKING_URI"
WATCHED = frozenset(
    {
        "mlflow",
        "catboost",
        "fastai",
        "keras",
        "lightgbm",
        "lightning",
        "paddle",
        "prophet",
        "pytorch_lightning",
        "sklearn",
        "statsmodels",
        "tensorflow",
        "torch",
        "transformers",
        "xgboost",
    }
)
"""Top-level packages after whose import autologging is worth its own import of MLflow."""


def install() -> bool:
    """Watch imports from now on; answers whether it does. A second call changes nothing."""
    if os.environ.get(SWITCH, "1").lower() in ("0", "false", "no", "off") or not os.environ.get(TRACKING_VARIABLE):
        return False
    if not any(isinstance(finder, _Watcher) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Watcher(_turn_on))  # pyright: ignore[reportArgumentType]
    return True


class _Watcher:
    """Finds nothing itself; adds a step after the import of the watched packages."""

    def __init__(self, then: Callable[[], None]) -> None:
        self._then = then
        self._is_done = False
        self._depth = 0
        self._searching: set[tuple[int, str]] = set()
        """What each thread looks for right now."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        search = (get_ident(), fullname)
        if fullname not in WATCHED or self._is_done or search in self._searching:
            return None
        from importlib.util import find_spec

        self._searching.add(search)
        try:
            spec = find_spec(fullname)
        finally:
            self._searching.discard(search)
        if spec is not None and spec.loader is not None:
            self._add_step(spec.loader)
        return spec

    def _add_step(self, loader: Loader) -> None:
        run_module = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            # LightGBM imports scikit-learn: MLflow can change neither before the outer of the two is complete.
            self._depth += 1
            try:
                run_module(module)
            finally:
                self._depth -= 1
            if self._depth == 0 and not self._is_done:
                self._is_done = True
                self._then()

        # The loader belongs to this one package. Wrapping it would hide what else it can do (sources, resources).
        loader.exec_module = exec_module


def _turn_on() -> None:
    import mlflow

    # What a run has read is noted by the server, with Delta versions; hashing whole frames here would only cost time.
    mlflow.autolog(log_datasets=False, silent=True)
