"""The control plane's process: ``python -m boathouse.server --home FOLDER``."""

import argparse
from pathlib import Path

from boathouse.foundation.home import Home
from boathouse.foundation.importing import importing_much
from boathouse.foundation.processes import die_with_parent


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m boathouse.server")
    parser.add_argument("--home", type=Path, required=True)
    home = Home(parser.parse_args().home)
    die_with_parent()
    with importing_much():
        from boathouse.server.process import serve
    serve(home)


main()
