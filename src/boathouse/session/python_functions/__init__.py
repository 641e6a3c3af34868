"""Functions in Python: their code runs in a process of its own, apart from the session and its rights."""

from boathouse.session.python_functions.calling import PythonFunctions, call_function
from boathouse.session.python_functions.process import FunctionRaised, Limits, PythonProcess

__all__ = ["FunctionRaised", "Limits", "PythonFunctions", "PythonProcess", "call_function"]
