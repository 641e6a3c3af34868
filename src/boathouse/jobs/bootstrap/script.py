"""Runs a Python file as ``python file.py arguments`` would."""

import sys

ModuleType = type(sys)


def run_script(file: str, arguments: list[str]) -> None:
    """Run the file as ``__main__``."""
    main = ModuleType("__main__")
    main.__file__ = file
    main.__builtins__ = __builtins__  # type: ignore[attr-defined]
    sys.modules["__main__"] = main
    sys.argv = [file, *arguments]
    with open(file, "rb") as source:  # noqa: PTH123
        code = compile(source.read(), file, "exec")
    exec(code, main.__dict__)  # noqa: S102 (running the user's file is what this is for)
