"""For tests of projects that use Boathouse: a real one, on a free port, in a folder of its own."""

from boathouse.testing.local import LocalBoathouse, running_boathouse

__all__ = ["LocalBoathouse", "running_boathouse"]
