#!/bin/sh
# Browser tests need a Chromium and a Japanese font: use what is here, else install it where that is allowed.
set -eu

found() {
    for name in chromium chromium-browser google-chrome; do
        command -v "$name" >/dev/null 2>&1 && return 0
    done
    return 1
}
japanese() { command -v fc-list >/dev/null 2>&1 && [ -n "$(fc-list :lang=ja 2>/dev/null)" ]; }

if found && japanese; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk fontconfig >/dev/null
    # Only faster, and not in every distribution.
    apt-get install -y -qq --no-install-recommends chromium-headless-shell >/dev/null 2>&1 || true
    exit 0
fi
if found; then
    echo "日本語フォントが見つかりません。Noto Sans CJK（Debian・Ubuntu では fonts-noto-cjk）を入れてください。" >&2
else
    echo "ブラウザのテストには Chromium が要ります。Debian・Ubuntu では sudo apt-get install chromium fonts-noto-cjk を実行してください。" >&2
fi
exit 1
