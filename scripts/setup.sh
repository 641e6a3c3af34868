#!/bin/sh
# Makes .venv from the locked requirements. Needs Python 3.11 or newer and nothing else: uv is fetched with pip when it is
# missing, and pip with apt when that is missing too.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }

python=""
for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
    if command -v "$candidate" >/dev/null 2>&1 &&
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || { say "Boathouse needs Python 3.11 or newer, and none was found on the PATH."; exit 1; }

find_uv() {
    if command -v uv >/dev/null 2>&1; then command -v uv
    elif [ -x .uv/bin/uv ]; then echo .uv/bin/uv
    fi
}

uv=$(find_uv)
if [ -z "$uv" ]; then
    if ! "$python" -m pip --version >/dev/null 2>&1; then
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
            say "Installing pip with apt, to fetch uv."
            apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-pip >/dev/null
        else
            say "Neither uv nor pip was found. Install one of them, for example: sudo apt-get install python3-pip"
            exit 1
        fi
    fi
    say "Fetching uv with pip."
    "$python" -m pip install --quiet --disable-pip-version-check --target .uv uv
    uv=$(find_uv)
fi

unset PYTHONDONTWRITEBYTECODE # byte code is compiled now, once, instead of at every start
[ -x .venv/bin/python ] || "$uv" venv --quiet --python "$python" .venv
say "Installing the locked requirements into .venv."
"$uv" pip sync --quiet --python .venv/bin/python --require-hashes --compile-bytecode requirements-dev.lock
"$uv" pip install --quiet --python .venv/bin/python --no-deps --editable .
.venv/bin/python -m compileall -q src
cat requirements-dev.lock pyproject.toml | cksum >.venv/.locked
