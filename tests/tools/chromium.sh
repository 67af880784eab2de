#!/bin/sh
# Installs Chromium for the browser tests if it is missing, with apt, as root or with sudo.
set -eu
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then exit 0; fi
done
if ! command -v apt-get >/dev/null; then
    echo "The browser tests need Chromium, and this system has no apt. Install Chromium, then run make test again." >&2
    exit 1
fi
if [ "$(id -u)" = 0 ]; then
    as_root=env
elif command -v sudo >/dev/null; then
    as_root=sudo
else
    echo "The browser tests need Chromium. Install it as root (apt-get install chromium), then run make test again." >&2
    exit 1
fi
echo "Installing Chromium for the browser tests ..." >&2
$as_root apt-get update -qq
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium >/dev/null
