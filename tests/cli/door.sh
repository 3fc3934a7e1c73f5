#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The scripts at the door: what they say where they can't go on, and that they change nothing then.
. "${BASH_SOURCE[0]%/*}/../net/lib.sh"

# scripts/deps, with a distribution of our own invention
mkdir -p "$TMP/scripts"
cp "$TOP/scripts/apt.sh" "$TMP/scripts"
sed "s,/etc/os-release,$TMP/os-release,; s,clang-19,clang-of-nobody,g" "$TOP/scripts/deps" >"$TMP/scripts/deps"
chmod +x "$TMP/scripts/deps"

echo 'ID=plan9 PRETTY_NAME="Plan 9"' >"$TMP/os-release"
tap_exit "an unknown distribution: 3" 3 "$TMP/scripts/deps" build
tap_like "and the list of what it needs" "$ERR" 'Plan 9 is not known here.*compiler of the kernel halves *\(clang-of-nobody\)'

echo 'ID=debian VERSION_ID=12 VERSION_CODENAME=bookworm' >"$TMP/os-release"
tap_exit "only asked what is missing: 1" 1 "$TMP/scripts/deps" -n build
tap_like "and it is named" "$OUT" 'To be installed.*clang-of-nobody'
tap_exit "an unknown group: 2" 2 "$TMP/scripts/deps" nonsense
tap_exit "all there: 0" 0 "$TOP/scripts/deps" build test
tap_is "and in silence" "$OUT$ERR" ""

# the entry for backports is the machine's own with another suite, in both forms
mkdir -p "$TMP/apt"
cat >"$TMP/apt/some.sources" <<'END'
# a comment
Types: deb
URIs: https://example.org/others
Suites: bookworm
Components: main

Types: deb deb-src
URIs: https://example.org/mirror/debian/
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /some/key.gpg
END
sed "s,/etc/apt/sources.list.d,$TMP/apt,g; s,/etc/apt/sources.list,$TMP/apt/sources.list,g" "$TOP/scripts/apt.sh" >"$TMP/apt.sh"
entry()
{
	# shellcheck source=/dev/null
	(. "$TMP/apt.sh" && apt_main_entry bookworm bookworm-backports)
}
tap_is "an entry derived from deb822" "$(entry)" 'Types: deb
URIs: https://example.org/mirror/debian/
Suites: bookworm-backports
Components: main contrib
Signed-By: /some/key.gpg'
rm "$TMP/apt/some.sources"
tap_exit "no entry to derive from: 1" 1 entry
cat >"$TMP/apt/sources.list" <<'END'
# deb https://example.org/debian bookworm main
deb https://example.org/others bookworm main
deb [signed-by=/some/key.gpg] https://example.org/debian bookworm main
END
tap_is "an entry derived from one line" "$(entry)" 'deb [signed-by=/some/key.gpg] https://example.org/debian bookworm-backports main'
