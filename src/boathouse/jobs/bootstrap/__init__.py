"""What runs inside a task's process. Standard library only, and as little of it as possible: every task waits for it.

``launch.py`` loads this folder under a name of its own, so that starting a task does not import Boathouse.
"""
