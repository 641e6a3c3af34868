from typing import Any


def needed_files(parsed: Any, alias: str, snapshot: Any, parameters: Any) -> Any:
    return snapshot.files
