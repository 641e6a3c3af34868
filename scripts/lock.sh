#!/bin/sh
# Resolves pyproject.toml into the two hash-pinned locks. They name no index, so they hold wherever they are installed.
set -eu
cd "$(dirname "$0")/.."
uv=$(command -v uv || echo .uv/bin/uv)
compile() { "$uv" pip compile pyproject.toml --quiet --universal --generate-hashes --no-header --no-emit-index-url \
    --python-version 3.11 --extra examples --extra postgres "$@"; }
compile --upgrade --output-file requirements.lock
compile --group dev --constraint requirements.lock --output-file requirements-dev.lock
