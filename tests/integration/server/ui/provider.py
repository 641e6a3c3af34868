"""A real OpenID Connect provider, from a package, in a process of its own."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

UNVERIFIED = "eve@example.com"
"""Somebody whose address the provider has not verified; everybody else may call themselves what they like."""

_SERVE = f"""
import sys
from oidc_provider_mock import User, run_server_in_thread
eve = User(sub={UNVERIFIED!r}, claims={{"email": {UNVERIFIED!r}, "email_verified": False}})
with run_server_in_thread(require_nonce=True, user_claims=[eve]) as server:
    print(server.server_port, flush=True)
    sys.stdin.read()
"""


@contextmanager
def running_provider() -> Generator[str]:
    """The provider's address; it ends with the block, or with the tests."""
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield f"http://localhost:{process.stdout.readline().strip()}"
    finally:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()
