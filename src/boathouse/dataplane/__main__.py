"""The data plane: ``python -m boathouse.dataplane --home FOLDER``. Its children answer; it looks after them."""

import argparse
import os
from pathlib import Path

ONE_THREAD = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
"""Requests come side by side; libraries that take all processors for each fight over them."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m boathouse.dataplane")
    parser.add_argument("--home", type=Path, required=True)
    folder: Path = parser.parse_args().home
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")

    from boathouse.dataplane.group import serve
    from boathouse.foundation.home import Home
    from boathouse.foundation.processes import die_with_parent
    from boathouse.foundation.settings import Settings
    from boathouse.wiring.logs import configure_logging

    die_with_parent()
    settings = Settings.from_environment()
    configure_logging(settings)
    serve(Home(folder), settings)


if __name__ == "__main__":
    main()
