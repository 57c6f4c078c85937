#!/usr/bin/env bash
# Debian's packages of Slurm, for the tests in this folder. As root.
set -euo pipefail
dpkg -s slurmctld slurmd slurm-client munge >/dev/null 2>&1 && exit 0
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends slurmctld slurmd slurm-client munge
