"""What of a model runs code of its maker when the model is loaded: pickles above all, which can do anything.

It is decided by what is known to be harmless. A flavour, a setting or a kind of file that nobody has looked at counts
as code.
"""

import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from boathouse.models.archives.nouns import CodeRun

MLMODEL = "MLmodel"
_DOCUMENTS = (".json", ".yaml", ".yml", ".toml", ".txt", ".md", ".csv", ".parquet", ".png", ".svg", ".lock")
_WEIGHTS = (".lgb", ".ubj", ".xgb", ".onnx", ".safetensors", ".skops")
_HARMLESS = frozenset([*_DOCUMENTS, *_WEIGHTS])
_PICKLES = frozenset([".pkl", ".pickle", ".cloudpickle", ".joblib", ".dill", ".pt", ".pth", ".ckpt"])
_PROTOCOLS = b"\x02\x03\x04\x05"
_MOST_MLMODEL_BYTES = 5_000_000
_LOADERS = frozenset({"mlflow.sklearn", "mlflow.lightgbm", "mlflow.xgboost", "mlflow.onnx"})

Flavour = Mapping[str, Any]


def runs_code(files: Iterable[tuple[str, Path]]) -> tuple[CodeRun, ...]:
    """Everything in a model's folder that runs code when the model is loaded, sorted; none for a harmless one."""
    known = dict(files)
    found = [CodeRun(path, why) for path, file in known.items() if (why := _of_file(path, file)) is not None]
    if MLMODEL in known:
        found += [CodeRun(MLMODEL, why) for why in _of_mlmodel(known[MLMODEL])]
    else:
        found.append(CodeRun(MLMODEL, "is missing, so nobody knows how the model is loaded"))
    return tuple(sorted(set(found), key=lambda each: (each.path, each.why)))


def _of_file(path: str, file: Path) -> str | None:
    name = path.rpartition("/")[2]
    kind = Path(name).suffix.lower()
    with file.open("rb") as content:
        head = content.read(4)
    if kind in _PICKLES or (head[:1] == b"\x80" and head[1:2] in tuple(bytes([each]) for each in _PROTOCOLS)):
        return "is pickled"
    if head == b"PK\x03\x04" and (inside := _pickled_inside(file)):
        return f"holds {inside}, which is pickled"
    if kind in (".py", ".pyc", ".so", ".pyd"):
        return "is code"
    if name == MLMODEL or kind in _HARMLESS:
        return None
    return "is of a kind that nobody has looked at"


def _pickled_inside(file: Path) -> str | None:
    try:
        with zipfile.ZipFile(file) as packed:
            return next((each for each in packed.namelist() if Path(each).suffix.lower() in _PICKLES), None)
    except (zipfile.BadZipFile, OSError, ValueError):
        return None


def _of_mlmodel(file: Path) -> Iterator[str]:
    if file.stat().st_size > _MOST_MLMODEL_BYTES:
        yield "is too large to be looked at"
        return
    try:
        told = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        told = None
    flavours = _mapping(_mapping(told).get("flavors"))
    if not flavours:
        yield "names no flavour that can be read"
    for name, settings in flavours.items():
        look = _FLAVOURS.get(str(name))
        if look is None:
            yield f"uses the flavour {name}, which nobody has looked at"
        else:
            yield from look(_mapping(settings))
        yield from _astray(_mapping(settings))


def _python_function(told: Flavour) -> Iterator[str]:
    if (loader := told.get("loader_module")) not in _LOADERS:
        yield f"is loaded by {loader}"
    if told.get("code"):
        yield "brings code along"


def _sklearn(told: Flavour) -> Iterator[str]:
    if (form := told.get("serialization_format", "pickle")) != "skops":
        yield f"the flavour sklearn needs {form} to load it"
    elif trusted := told.get("skops_trusted_types"):
        yield f"trusts types beyond those of skops: {trusted}"


def _lightgbm(told: Flavour) -> Iterator[str]:
    if told.get("model_class", "lightgbm.basic.Booster") == "lightgbm.basic.Booster":
        return
    for why in _sklearn({**told, "serialization_format": told.get("serialization_format", "cloudpickle")}):
        yield why.replace("flavour sklearn", "flavour lightgbm")


def _xgboost(told: Flavour) -> Iterator[str]:
    if (made := told.get("model_class", "xgboost.core.Booster")) not in _XGBOOST:
        yield f"makes a {made}"


def _onnx(_: Flavour) -> Iterator[str]:
    yield from ()


_XGBOOST = ("xgboost.core.Booster", "xgboost.sklearn.XGBClassifier", "xgboost.sklearn.XGBRegressor")
_FLAVOURS: Mapping[str, Callable[[Flavour], Iterator[str]]] = {
    "python_function": _python_function,
    "sklearn": _sklearn,
    "lightgbm": _lightgbm,
    "xgboost": _xgboost,
    "onnx": _onnx,
}
_PLACES = ("data", "pickled_model", "model_path", "code")


def _astray(told: Flavour) -> Iterator[str]:
    for key in _PLACES:
        place = told.get(key)
        if isinstance(place, str) and (place.startswith("/") or ".." in place.split("/")):
            yield f"reads {place[:100]!r}, which is not in the model"


def _mapping(told: Any) -> Mapping[str, Any]:
    return cast(dict[str, Any], told) if isinstance(told, dict) else {}
