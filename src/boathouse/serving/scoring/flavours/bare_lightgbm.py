"""LightGBM without scikit-learn and pandas: a booster needs neither, and they are four fifths of its import and most of
its memory.
"""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

_NAME = "lightgbm"
_SPARED = ("sklearn", "pandas", "matplotlib")


def import_bare() -> None:
    """Import LightGBM as far as boosters need it. For a process with one thread: meanwhile nobody can import what is
    spared."""
    with _hidden(_SPARED):
        import_module(_NAME)


def require_whole() -> None:
    """See to it that LightGBM has its scikit-learn classes. Boosters that were loaded before go on as they are."""
    compat: Any = import_module(f"{_NAME}.compat")
    if compat.SKLEARN_INSTALLED or find_spec("sklearn") is None:
        return
    for name in [each for each in sys.modules if each == _NAME or each.startswith(f"{_NAME}.")]:
        del sys.modules[name]
    import_module(_NAME)


@contextmanager
def _hidden(names: tuple[str, ...]) -> Generator[None]:
    """Modules that nobody has imported yet look as if they were not installed."""
    modules: dict[str, Any] = sys.modules
    hidden = [name for name in names if name not in modules]
    modules |= dict.fromkeys(hidden)
    try:
        yield
    finally:
        for name in hidden:
            modules.pop(name, None)
