#!/bin/sh
# The tests of the web page need Chromium; Debian's is taken when there is none.
set -eu
say() { printf '%s\n' "$*" >&2; }

for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "Installing Chromium with apt, for the tests of the web page."
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
else
    say "The tests of the web page need Chromium. Install it, for example: sudo apt-get install chromium"
    exit 1
fi
