"""The recorder's process: ``python -m boathouse.dataplane.recorder --home FOLDER``.

It moves what workers have written into their journals into inference tables. When it is down, journals grow.
"""

import argparse
import signal
from pathlib import Path
from types import FrameType

from boathouse.foundation.home import Home
from boathouse.foundation.processes import die_with_parent
from boathouse.foundation.settings import Settings
from boathouse.wiring.logs import configure_logging
from boathouse.wiring.recorder import build_recorder


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m boathouse.dataplane.recorder")
    parser.add_argument("--home", type=Path, required=True)
    home = Home(parser.parse_args().home)
    die_with_parent()
    settings = Settings.from_environment()
    configure_logging(settings)
    process = build_recorder(home, settings)

    def stop(_number: int, _frame: FrameType | None) -> None:
        process.stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    process.run_forever()


if __name__ == "__main__":
    main()
