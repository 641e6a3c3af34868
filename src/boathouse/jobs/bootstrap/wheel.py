"""Calls a function of an installed package."""

import importlib
import importlib.metadata
import sys
from collections.abc import Callable
from typing import Any


def run_entry_point(spec: dict[str, Any]) -> None:
    """Find the entry point in the package's metadata, else as a function of the package, and call it.

    Parameters arrive in ``sys.argv``; named ones as ``--name=value``.
    """
    named = [f"--{name}={value}" for name, value in spec["named_parameters"].items()]
    sys.argv = [spec["package_name"], *spec["parameters"], *named]
    _find(spec["package_name"], spec["entry_point"])()


def _find(package: str, name: str) -> Callable[[], object]:
    try:
        points = importlib.metadata.distribution(package).entry_points
    except importlib.metadata.PackageNotFoundError as error:
        raise ModuleNotFoundError(
            f"The package {package!r} is not installed in the task's environment. "
            "Add it to the environment's dependencies, or its wheel to the task's libraries."
        ) from error
    for point in points:
        if point.name == name:
            return point.load()
    module = importlib.import_module(package.replace("-", "_"))
    function = getattr(module, name, None)
    if function is None:
        known = ", ".join(sorted(point.name for point in points)) or "none"
        raise AttributeError(f"The package {package!r} has no entry point {name!r}; it has {known}.")
    return function
