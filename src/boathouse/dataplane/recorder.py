"""The recorder's process: ``python -m boathouse.dataplane.recorder --home FOLDER``."""

import signal

from boathouse.foundation.processes import die_with_parent


def main() -> None:
    die_with_parent()
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    main()
