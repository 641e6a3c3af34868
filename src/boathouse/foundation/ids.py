"""Identifiers that nobody hands out."""

import secrets
import uuid


def new_id() -> str:
    """A random UUID in its usual text form."""
    return str(uuid.uuid4())


def new_token(prefix: str = "bhs") -> str:
    """A secret with 192 bits of randomness; the prefix lets scanners recognise a leaked one."""
    return f"{prefix}_{secrets.token_hex(24)}"
