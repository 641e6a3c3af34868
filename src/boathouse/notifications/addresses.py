"""What an e-mail address looks like, near enough that a header can hold it."""

import re

_ADDRESS = re.compile(r"[^@\s<>,;\x00-\x1f]+@[^@\s<>,;\x00-\x1f]+")


def is_address(text: str) -> bool:
    return _ADDRESS.fullmatch(text) is not None
