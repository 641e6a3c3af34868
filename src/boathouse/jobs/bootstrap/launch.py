"""The first file that a task's process runs: ``python -P launch.py SPEC``; ``-`` stands for a spec on standard input,
``--starter`` for the many that come through a socket.

It makes its folder the package ``boathouse_task`` without importing anything. Importing it by its full name would first
import ``boathouse`` and ``boathouse.jobs``, which takes longer than an empty task does.
"""

import sys


def load() -> None:
    package = type(sys)("boathouse_task")
    package.__path__ = [__file__.rpartition("/")[0]]
    sys.modules["boathouse_task"] = package


if __name__ == "__main__":
    load()
    if sys.argv[1] == "-":  # within a task, below its guard
        from boathouse_task.task import run_told  # pyright: ignore

        run_told()  # pyright: ignore
    if sys.argv[1] == "--starter":
        from boathouse_task.starter import serve  # pyright: ignore

        serve(int(sys.argv[2]), sys.argv[3])  # pyright: ignore
    from boathouse_task.guard import guard  # pyright: ignore

    guard(sys.argv[1])  # pyright: ignore
