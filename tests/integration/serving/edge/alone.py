"""A device in a network namespace of its own: serves an archive, asks it, tells what came.

Run as ``unshare -n python alone.py ARCHIVE FOLDER ENDPOINT OUTSIDE``; ``OUTSIDE`` is a port that answers elsewhere.
"""

import fcntl
import json
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from typing import Any

_SIOCSIFFLAGS, _IFF_UP_RUNNING = 0x8914, 0x41
PORT = 8400


def main() -> None:
    archive, folder, endpoint, outside = sys.argv[1:]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:  # the loopback of a new namespace is down
        fcntl.ioctl(probe, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", _IFF_UP_RUNNING))
    command = [sys.executable, "-m", "boathouse", "edge", "serve", archive, "--folder", folder, "--port", str(PORT),
               "--endpoint", endpoint, "--device", "island"]  # fmt: skip
    process = subprocess.Popen(command, stdout=sys.stderr)
    try:
        until = time.monotonic() + 120
        while (first := _asked(0.0)) is None:
            assert process.poll() is None and time.monotonic() < until, "it does not answer"
            time.sleep(0.2)
        answers = [first, *(_asked(float(number)) for number in range(1, 5))]
        print(json.dumps({"answers": answers, "reaches": _reaches(int(outside))}))
    finally:
        process.terminate()
        process.wait(30)


def _asked(x: float) -> list[Any] | None:
    """The request's id and its prediction."""
    body = json.dumps({"dataframe_records": [{"x": x}]}).encode()
    asked = urllib.request.Request(
        f"http://127.0.0.1:{PORT}/invocations", body, {"content-type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return [answer.headers["x-request-id"], json.load(answer)["predictions"][0]]
    except OSError:
        return None


def _reaches(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
