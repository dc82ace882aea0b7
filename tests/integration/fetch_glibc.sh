#!/bin/sh
# SPDX-License-Identifier: MIT
# Unpacks the glibc of a release of Debian into a directory: fetch_glibc.sh DIRECTORY SUITE. From the
# mirror that apt is set up with, else from Debian's archive of old releases. Leaves alone what is
# there already. Installs nothing, changes nothing of the system's apt.
set -eu

directory=$1
suite=$2
[ -e "$directory/unpacked" ] && exit 0

# The first repository of Debian itself that apt knows.
mirror=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(LABEL)' 'Created-By: Packages' |
    awk '$2 == "Debian" && $3 == "Debian" { print $1; exit }')
if [ -z "$mirror" ]; then
    echo "apt has no repository of Debian" >&2
    exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fetch() {
    apt-get -q -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts="$work/parts" \
        -o Dir::State::lists="$work/lists" -o Dir::State::status="$work/status" \
        -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root \
        -o Acquire::Languages=none \
        -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false \
        -o Acquire::Retries=2 -o Acquire::http::Timeout=20 -o Acquire::Check-Valid-Until=false "$@"
}

# apt-get update is content with an old list, or none: the package tells whether there is one.
try() {
    rm -rf "$work"/*
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/parts"
    : >"$work/status"
    echo "deb [arch=amd64 signed-by=$2] $1 $suite main" >"$work/sources.list"
    fetch update && cd "$work" && fetch download libc6
}

keyrings=/usr/share/keyrings
try "$mirror" $keyrings/debian-archive-keyring.gpg ||
    try http://archive.debian.org/debian $keyrings/debian-archive-keyring.gpg ||
    try http://archive.debian.org/debian $keyrings/debian-archive-removed-keys.gpg
mkdir -p "$directory"
for package in libc6_*.deb; do
    dpkg -x "$package" "$directory"
done
: >"$directory/unpacked"
