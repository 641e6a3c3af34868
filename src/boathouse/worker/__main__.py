"""The worker's process: ``python -m boathouse.worker --home FOLDER``."""

import argparse
import signal
from pathlib import Path
from types import FrameType

from boathouse.foundation.home import Home
from boathouse.foundation.processes import die_with_parent
from boathouse.foundation.settings import Settings
from boathouse.wiring.logs import configure_logging
from boathouse.wiring.worker import build_worker


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m boathouse.worker")
    parser.add_argument("--home", type=Path, required=True)
    home = Home(parser.parse_args().home)
    die_with_parent()
    settings = Settings.from_environment()
    configure_logging(settings)
    worker = build_worker(home, settings)

    def stop(_number: int, _frame: FrameType | None) -> None:
        worker.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    worker.run_forever()


main()
