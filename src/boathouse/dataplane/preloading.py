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
_LIBRARIES = {"mlflow.sklearn": "sklearn", "mlflow.xgboost": "xgboost", "mlflow.lightgbm": "lightgbm"}
"""By the loader that a model names. ONNX's runtime is not among them: it begins threads when it is imported."""
_BOOSTER = "model_class: lightgbm.basic.Booster\n"


def preload(home: Home) -> None:
    """Import what the endpoints of the moment need; nothing heavy while there are none."""
    models = _models(home)
    for name in (*_OURS, *(_FOR_MODELS if models else ()), *_libraries(models)):
        try:
            if name == "lightgbm" and _are_boosters(models):
                from boathouse.serving.scoring.flavours.bare_lightgbm import import_bare

                import_bare()
            else:
                import_module(name)
        except Exception as error:  # noqa: BLE001  # a library without what it stands on raises what it likes
            log.debug("%s is not imported before the workers: %s", name, error)


def _models(home: Home) -> list[str]:
    """The ``MLmodel`` files of all that answers."""
    from boathouse.foundation.errors import BoathouseError
    from boathouse.serving.snapshot.files import read

    try:
        snapshot = read(home)
    except BoathouseError:  # each worker says so
        return []
    folders = {each.folder for endpoint in snapshot.endpoints for each in endpoint.entities} if snapshot else set()
    return [_text(Path(folder)) for folder in sorted(filter(None, folders))]


def _text(folder: Path) -> str:
    try:
        return (folder / "MLmodel").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _libraries(models: list[str]) -> list[str]:
    return [library for loader, library in _LIBRARIES.items() if any(_is_for(loader, text) for text in models)]


def _are_boosters(models: list[str]) -> bool:
    return all(_BOOSTER in text for text in models if _is_for("mlflow.lightgbm", text))


def _is_for(loader: str, text: str) -> bool:
    return f"loader_module: {loader}\n" in text
