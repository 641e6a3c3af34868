"""Environments: which packages a task has, from a lock, built once and cached."""

from boathouse.environments.environments import Environments
from boathouse.environments.errors import CannotResolve, DependencyFileNotFound, InvalidDependency, NoNetwork
from boathouse.environments.specs import EnvironmentRequest, PythonEnvironment

__all__ = [
    "CannotResolve",
    "DependencyFileNotFound",
    "EnvironmentRequest",
    "Environments",
    "InvalidDependency",
    "NoNetwork",
    "PythonEnvironment",
]
