"""The first file that a task's process runs: ``python -P launch.py SPEC``.

It loads its folder as the package ``boathouse_task`` straight from disk. Importing it by its full name would first
import ``boathouse`` and ``boathouse.jobs``, which takes longer than an empty task does.
"""

import importlib.util
import sys
from pathlib import Path


def load() -> None:
    folder = Path(__file__).parent
    spec = importlib.util.spec_from_file_location(
        "boathouse_task", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["boathouse_task"] = module
    spec.loader.exec_module(module)


if __name__ == "__main__":
    load()
    from boathouse_task.guard import guard  # pyright: ignore[reportMissingImports]

    guard(sys.argv[1])
