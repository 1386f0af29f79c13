#!/bin/sh
# Tests of `collect` shut notebooks in with bubblewrap: install it where that is allowed. Without it they say so and are skipped.
set -eu

command -v bwrap >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends bubblewrap >/dev/null
    exit 0
fi
echo "bubblewrap がないので、集めたノートブックを隔てて動かすテストを飛ばします（Debian・Ubuntu では sudo apt-get install bubblewrap）。" >&2
