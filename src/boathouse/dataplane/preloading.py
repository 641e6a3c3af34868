"""What workers would each import for themselves is imported once, before they are forked: they share its memory, and
one that dies is back in a tenth of a second.

Only imports: nothing is computed here, since a library that has started threads cannot be forked.
"""

import logging
from importlib import import_module
from pathlib import Path

from boathouse.foundation.home import Home

log = logging.getLogger(__name__)

_OURS = ("boathouse.dataplane.app", "boathouse.wiring.serving_worker")
_FOR_MODELS = ("numpy", "boathouse.serving.scoring.loading")
_LIBRARIES = {"mlflow.lightgbm": "lightgbm", "mlflow.sklearn": "sklearn", "mlflow.xgboost": "xgboost"}
"""By the loader that a model names. ONNX's runtime is not among them: it begins threads when it is imported."""


def preload(home: Home) -> None:
    """Import what the endpoints of the moment need; nothing heavy while there are none."""
    for name in (*_OURS, *_needed(home)):
        try:
            import_module(name)
        except ImportError as error:
            log.debug("%s is not imported before the workers: %s", name, error)


def _needed(home: Home) -> list[str]:
    from boathouse.foundation.errors import BoathouseError
    from boathouse.serving.snapshot.files import read

    try:
        snapshot = read(home)
    except BoathouseError:  # each worker says so
        return []
    folders = {each.folder for endpoint in snapshot.endpoints for each in endpoint.entities} if snapshot else set()
    if not folders:
        return []
    loaders = [loader for folder in folders if folder is not None for loader in _loaders(Path(folder))]
    return [*_FOR_MODELS, *dict.fromkeys(loaders)]


def _loaders(folder: Path) -> list[str]:
    try:
        text = (folder / "MLmodel").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return []
    return [library for loader, library in _LIBRARIES.items() if f"loader_module: {loader}\n" in text]
