"""The serving check: does a model load, answer and refuse as serving will ask of it? In a process of its own."""

from boathouse.models.serving_check.checking import begun_check, check_serving
from boathouse.models.serving_check.interpreters import FindInterpreter, Interpreter, find_interpreter
from boathouse.models.serving_check.nouns import BadPayload, CheckOptions, Latency, ServingCheck

__all__ = [
    "BadPayload",
    "CheckOptions",
    "FindInterpreter",
    "Interpreter",
    "Latency",
    "ServingCheck",
    "begun_check",
    "check_serving",
    "find_interpreter",
]
