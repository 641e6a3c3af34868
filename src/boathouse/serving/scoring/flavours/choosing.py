"""Which flavours are loaded in the serving process. A further one is a file beside this, and a line here."""

from collections.abc import Callable
from importlib import import_module

from boathouse.serving.scoring.flavours.native import Native, NotNative
from boathouse.serving.scoring.mlmodel import ModelFolder

_FLAVOURS = {
    "mlflow.lightgbm": "lightgbm",
    "mlflow.onnx": "onnx",
    "mlflow.sklearn": "sklearn",
    "mlflow.xgboost": "xgboost",
}
"""By the module that MLflow loads the model with."""


def load_native(folder: ModelFolder) -> Native:
    """The model as a function of its own library.

    Raises:
        NotNative: Its code is more than a library's, or of a library that is not known here.
    """
    if folder.signature is None:
        raise NotNative("it has no signature")
    if folder.signature.params:
        raise NotNative("it takes parameters")
    if folder.has_code:
        raise NotNative("it brings code of its own")
    flavour = _FLAVOURS.get(folder.loader)
    if flavour is None:
        raise NotNative(f"{folder.loader or 'its loader'} may run code of its own")
    load: Callable[[ModelFolder], Native] = import_module(f"boathouse.serving.scoring.flavours.{flavour}").load
    try:
        return load(folder)
    except ImportError as error:
        raise NotNative(f"{error.name or flavour} is not installed") from error
    except NotNative:
        raise
    except Exception as error:  # whatever a library raises over a file: MLflow may know better
        raise NotNative(f"{type(error).__name__}: {error}") from error
