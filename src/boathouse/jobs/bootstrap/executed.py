"""Keeps what a notebook gave out, cell by cell, and writes it down as an executed ``.ipynb`` beside the task's log."""

import json
import os
import sys
from typing import Any

from .cells import Cell

_MOST_CHARACTERS = 1 << 20
"""Of output that is kept of one cell; the log has all of it."""


class _Tee:
    """Standard output or error that also goes into the notebook."""

    def __init__(self, stream: Any, name: str, keep: "Executed") -> None:
        self._stream = stream
        self._name = name
        self._keep = keep

    def write(self, text: str) -> int:
        self._keep.printed(self._name, text)
        return self._stream.write(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Executed:
    """A notebook with what each cell gave out."""

    def __init__(self) -> None:
        self._cells: list[dict[str, Any]] = []
        self._room = 0
        self._count = 0

    def __enter__(self) -> "Executed":
        self._streams = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = _Tee(sys.stdout, "stdout", self), _Tee(sys.stderr, "stderr", self)
        return self

    def __exit__(self, *_: object) -> None:
        sys.stdout, sys.stderr = self._streams

    def begin(self, cell: Cell) -> None:
        """What is printed from now on belongs to this cell."""
        is_code = cell.kind not in ("md", "md-sandbox")
        shown: dict[str, Any] = {"cell_type": "code" if is_code else "markdown", "metadata": {}, "source": cell.source}
        if is_code:
            self._count += 1
            shown |= {"execution_count": self._count, "outputs": []}
        self._cells.append(shown)
        self._room = _MOST_CHARACTERS

    def printed(self, name: str, text: str) -> None:
        if not self._cells or "outputs" not in self._cells[-1] or not self._room:
            return
        outputs: list[dict[str, Any]] = self._cells[-1]["outputs"]
        if not outputs or outputs[-1].get("name") != name:
            outputs.append({"output_type": "stream", "name": name, "text": ""})
        outputs[-1]["text"] += text[: self._room]
        self._room = max(0, self._room - len(text))

    def failed(self, error: BaseException) -> None:
        if self._cells and "outputs" in self._cells[-1]:
            name, message = type(error).__name__, str(error)
            self._cells[-1]["outputs"].append(
                {"output_type": "error", "ename": name, "evalue": message, "traceback": [f"{name}: {message}"]}
            )

    def write(self, path: str) -> None:
        """Without the secrets that the task knows."""
        content: dict[str, Any] = {
            "cells": self._cells,
            "metadata": {"language_info": {"name": "python"}},
            "nbformat": 4,
            "nbformat_minor": 4,
        }
        from .own import without_secrets

        content = without_secrets(content)
        draft = path + ".new"
        with open(draft, "w", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            json.dump(content, file)
        os.replace(draft, path)  # noqa: PTH105
