"""Which flavours are loaded in the serving process. A further one is a file beside this, and a line here."""

from importlib import import_module
from typing import Protocol, cast

from boathouse.serving.scoring.flavours.native import Native, NotNative
from boathouse.serving.scoring.mlmodel import ModelFolder


class Flavour(Protocol):
    """What each file beside this has."""

    def check(self, folder: ModelFolder) -> None: ...

    def load(self, folder: ModelFolder) -> Native: ...


_FLAVOURS = {
    "mlflow.lightgbm": "lightgbm",
    "mlflow.onnx": "onnx",
    "mlflow.sklearn": "sklearn",
    "mlflow.xgboost": "xgboost",
}
"""By the module that MLflow loads the model with."""


def check_native(folder: ModelFolder) -> None:
    """Raises when what the ``MLmodel`` file says already forbids to load a model here; nothing is opened.

    Raises:
        NotNative: Its code is more than a library's, or of a library that is not known here.
    """
    if folder.signature is None:
        raise NotNative("it has no signature")
    if folder.signature.params:
        raise NotNative("it takes parameters")
    if folder.has_code:
        raise NotNative("it brings code of its own")
    if folder.loader not in _FLAVOURS:
        raise NotNative(f"{folder.loader or 'its loader'} may run code of its own")
    _module(folder).check(folder)


def load_native(folder: ModelFolder) -> Native:
    """The model as a function of its own library.

    A damaged file may end the process: LightGBM, for one, aborts. Whoever cannot afford that has it loaded elsewhere
    before.

    Raises:
        NotNative: It cannot be loaded here.
    """
    check_native(folder)
    try:
        return _module(folder).load(folder)
    except ImportError as error:
        raise NotNative(f"{error.name or folder.loader} is not installed") from error
    except NotNative:
        raise
    except Exception as error:  # whatever a library raises over a file: MLflow may know better
        raise NotNative(f"{type(error).__name__}: {error}") from error


def _module(folder: ModelFolder) -> Flavour:
    return cast("Flavour", import_module(f"boathouse.serving.scoring.flavours.{_FLAVOURS[folder.loader]}"))
