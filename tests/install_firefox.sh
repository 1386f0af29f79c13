#!/bin/sh
# Firefox draws 3-D figures only on a screen, so it gets one that nobody sees: use what is here, else install it where
# that is allowed.
set -eu

found() {
    { command -v firefox-esr || command -v firefox; } >/dev/null 2>&1 && command -v Xvfb >/dev/null 2>&1
}

found && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends firefox-esr xvfb >/dev/null
    exit 0
fi
echo "Firefox のテストには Firefox と Xvfb が要ります。Debian では sudo apt-get install firefox-esr xvfb を実行してください。" >&2
exit 1
