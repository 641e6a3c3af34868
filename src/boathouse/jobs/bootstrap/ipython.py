"""What IPython understands and Python does not: lines that begin with ``%`` or ``!``, and questions.

Looked for only where Python itself has refused a cell, so that text which merely looks like it stays as it is.
"""

import re
from collections.abc import Callable

_LINE_MAGIC = re.compile(r"^(\s*)%(%?)([A-Za-z_]\w*)(.*)$")
_SHELL = re.compile(r"^\s*(?:\w+\s*=\s*)?!(.*)$")
_QUESTION = re.compile(r"^\s*(?:\?{1,2}[\w.%]+|[\w.%]+\?{1,2})\s*$")
WITHOUT_EFFECT = frozenset(
    {"matplotlib", "load_ext", "reload_ext", "autoreload", "config", "precision", "pylab", "reset", "who", "whos"}
)
"""Line magics that change how a notebook is shown or edited, which a task does not do."""


def without_magics(text: str, where: str, check_pip: Callable[[str], None]) -> str:
    """The cell with lines that have no effect here taken out, as many lines as before.

    Raises:
        NotImplementedError: A line does something that a notebook task does not do; the message names it.
    """
    lines = text.split("\n")
    for index, line in enumerate(lines):
        place = f"{where}, line {index + 1}"
        if match := _LINE_MAGIC.match(line):
            indent, _, name, rest = match.groups()
            if name == "pip":
                check_pip(rest.strip())
            elif name == "time":
                lines[index] = f"{indent}{rest.strip()}"
                continue
            elif name not in WITHOUT_EFFECT:
                raise NotImplementedError(f"{place}: %{name} is not supported in a notebook task.")
            lines[index] = f"{indent}pass"
        elif match := _SHELL.match(line):
            command = match[1].strip()
            if not re.match(r"pip3?\s+install\b", command):
                raise NotImplementedError(
                    f"{place}: !{command} is a shell command, which a notebook task does not run; use subprocess.run."
                )
            check_pip(command.split(None, 1)[1])
            lines[index] = "pass"
        elif _QUESTION.match(line):
            raise NotImplementedError(f"{place}: {line.strip()} asks IPython for help, which nobody would read here.")
    return "\n".join(lines)
