#!/bin/sh
# SPDX-License-Identifier: MIT
# Unpacks glibc 2.31 (Debian 11) into the directory $1, from the mirror that apt is set up with.
# Leaves alone what is there already. Installs nothing, changes nothing of the system's apt.
set -eu

directory=$1
suite=bullseye
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
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/parts"
: >"$work/status"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [arch=amd64 signed-by=$keyring] $mirror $suite main" >"$work/sources.list"

fetch() {
    apt-get -q -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts="$work/parts" \
        -o Dir::State::lists="$work/lists" -o Dir::State::status="$work/status" \
        -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root \
        -o Acquire::Languages=none \
        -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false \
        -o Acquire::Retries=2 -o Acquire::Check-Valid-Until=false "$@"
}

fetch update
cd "$work"
fetch download libc6
mkdir -p "$directory"
for package in libc6_*.deb; do
    dpkg -x "$package" "$directory"
done
: >"$directory/unpacked"
