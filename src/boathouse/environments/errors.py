"""What can go wrong with an environment."""

from boathouse.foundation.errors import InvalidInput, NotFound, Unavailable


class InvalidDependency(InvalidInput):
    """A line that is no requirement."""


class DependencyFileNotFound(NotFound):
    """A requirements file, a lock or a wheel that is not there."""


class CannotResolve(InvalidInput):
    """The requirements contradict each other, or a package does not exist."""


class EnvironmentDiffers(Unavailable):
    """An environment of before cannot be had again."""


class NoNetwork(Unavailable):
    """Packages have to be downloaded and the package index cannot be reached."""
