#!/usr/bin/env bash
# Debian's Chromium and its driver, for the tests in this folder. As root.
set -euo pipefail
dpkg -s chromium chromium-driver >/dev/null 2>&1 && exit 0
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends chromium chromium-driver
