#!/bin/sh
# Sees to it that `make spreadsheets` finds a LibreOffice: where there is none it is installed by apt, as root or with sudo.
set -eu
if command -v soffice >/dev/null; then exit 0; fi
if ! command -v apt-get >/dev/null; then
    echo "This needs LibreOffice, and the system has no apt: install LibreOffice Calc yourself." >&2
    exit 1
fi
as_root=env
[ "$(id -u)" = 0 ] || as_root=sudo
echo "Installing LibreOffice Calc ..." >&2
$as_root apt-get update -qq
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends libreoffice-calc-nogui >/dev/null
