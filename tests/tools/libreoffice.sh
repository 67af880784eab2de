#!/bin/sh
# Installs LibreOffice for `make spreadsheets` if it is missing, with apt, as root or with sudo.
set -eu
if command -v soffice >/dev/null; then exit 0; fi
if ! command -v apt-get >/dev/null; then
    echo "This test needs LibreOffice, and this system has no apt. Install LibreOffice Calc, then run make spreadsheets again." >&2
    exit 1
fi
as_root=env
[ "$(id -u)" = 0 ] || as_root=sudo
echo "Installing LibreOffice Calc ..." >&2
$as_root apt-get update -qq
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends libreoffice-calc-nogui >/dev/null
