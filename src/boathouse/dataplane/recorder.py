"""The recorder's process: ``python -m boathouse.dataplane.recorder --home FOLDER``.

It moves what workers have written into their journals into inference tables. When it is down, journals grow.
"""

import argparse
import os
import signal
from pathlib import Path
from threading import Event
from types import FrameType

from boathouse.foundation.home import Home
from boathouse.foundation.processes import die_with_parent
from boathouse.foundation.settings import Settings
from boathouse.wiring.logs import configure_logging

POLITE = 10
"""How far behind the processes that answer it stands in the queue for a processor, from its first import on: it gets
about a tenth of what one gets that wants all of it."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m boathouse.dataplane.recorder")
    parser.add_argument("--home", type=Path, required=True)
    home = Home(parser.parse_args().home)
    die_with_parent()
    os.nice(POLITE)
    settings = Settings.from_environment()
    configure_logging(settings)
    stopping = Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    while not has_work(home):
        if stopping.wait(settings.capture_seconds):
            return
    # These bring Delta, which a home that answers nothing does without.
    from boathouse.serving.capture.standing_back import StandingBack
    from boathouse.wiring.recorder import build_recorder

    recorder = build_recorder(home, settings, stopping)
    StandingBack(home, POLITE).begin(stopping)
    recorder.run_forever()


def has_work(home: Home) -> bool:
    """Whether anything was ever written that is in no table yet."""
    return any(True for folder in (home.journals, home.journals_aside) for _ in folder.glob("*/*.log"))


if __name__ == "__main__":
    main()
