#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Bad use of skep flows, and bad surroundings: one clear line, the right exit code, nothing left behind.
# timeout: 120
. "${BASH_SOURCE[0]%/*}/../net/lib.sh"
. "${BASH_SOURCE[0]%/*}/../net/flows_lib.sh"
need_program bpftool setpriv unshare

# one_line NAME REGEX: what the last tap_exit left on stderr is one line like this (behind wrong use, where to read more
# may follow), and on stdout nothing
one_line()
{
	tap_is "$1: one line" "$(grep -cvx 'Try: skep flows --help' "$TMP/err") $(wc -c <"$TMP/out")" "1 0"
	tap_like "$1: it says what" "$ERR" "$2"
}

tap_exit "an unknown option is wrong use" 2 "$SKEP" flows --evnets
one_line "unknown option" '^skep flows: .*--evnets.*--events'
tap_exit "a bad number is wrong use" 2 "$SKEP" flows --port 70000
one_line "bad port" '^skep flows: --port:? .*70000'
tap_exit "a bad filter is wrong use" 2 "$SKEP" flows --where 'count > > 3'
one_line "bad filter" '^skep flows: --where: column 9: '
tap_exit "an unknown field in a filter is wrong use" 2 "$SKEP" flows --where 'contianer == web'
one_line "unknown field" '^skep flows: --where: column 1: .*contianer.*container'
tap_exit "a matrix of one target is wrong use" 2 "$SKEP" flows --matrix pid:1
one_line "matrix of a target" '^skep flows: --matrix .*TARGET'
tap_exit "an unknown column is wrong use" 2 "$SKEP" flows --columns pid,bites
one_line "unknown column" '^skep flows: .*bites.*bytes'
tap_exit "a target that is not there fails" 1 "$SKEP" flows no-such-container
one_line "no such target" '^skep flows: .*no-such-container'

chmod 711 "$TMP"
cp "$SKEP" "$TMP/skep"
tap_exit "without the right it fails" 1 setpriv --reuid 65534 --regid 65534 --clear-groups "$TMP/skep" flows
one_line "missing right" '^skep flows: .*root'
tap_exit "without BTF the kernel lacks something" 3 env SKEP_BTF=/nonexistent "$SKEP" flows
one_line "no BTF" '^skep flows: .*BTF'

# A cut pipe ends skep quietly; a stream has something to write all the time, so that it notices.
ns_add load
ns_spawn load sh -c "while '$LOAD' -4 --count 50 udp-sendto >/dev/null 2>&1; do :; done" >/dev/null
noise=$PID
# shellcheck disable=SC2046 # two numbers
set -- $({ timeout $((30 * SLOW)) "$SKEP" flows --events -o json 2>"$TMP/cut.err"; echo "code $?" >&2; } 2>"$TMP/cut.code" | head -n 1 | wc -l; cat "$TMP/cut.code")
tap_is "a cut pipe (head -1): one line came, skep ends with 0" "$*" "1 code 0"
tap_is "a cut pipe: nothing on stderr" "$(cat "$TMP/cut.err")" ""
# shellcheck disable=SC2046
set -- $({ timeout $((30 * SLOW)) "$SKEP" flows --duration 500ms 2>"$TMP/cut.err"; echo "code $?" >&2; } 2>"$TMP/cut.code" | true; cat "$TMP/cut.code")
tap_is "a cut pipe before the only frame: skep ends with 0" "$*" "code 0"
tap_is "a cut pipe before the only frame: nothing on stderr" "$(cat "$TMP/cut.err")" ""

# A full disk: /dev/full, and a file system of 64 KiB, while running and at the end.
disk_full()
{
	tap_exit "$1" 1 timeout $((60 * SLOW)) bash -c "exec \"\$SKEP\" flows $2"
	tap_is "$1: one line" "$(wc -l <"$TMP/err")" 1
	tap_like "$1: it says what" "$ERR" '^skep flows: .*No space left on device'
}
disk_full "a full disk, at the end" "-o json --duration 300ms >/dev/full"
disk_full "a full disk, meanwhile" "-o json --events >/dev/full"
mkdir "$TMP/disk"
mount -t tmpfs -o size=64k tmpfs "$TMP/disk" && at_exit umount -l "$TMP/disk"
disk_full "a disk that becomes full" "-o json --events --output-file '$TMP/disk/flows.json'"
end_process "$noise"

# What it loads goes with it.
flows_start last
bpf_held "${FLOWS[last]}" >"$TMP/held"
tap_ok "it holds programs, maps and links while it runs" sh -c "grep -q prog '$TMP/held' && grep -q map '$TMP/held'"
flows_stop last
tap_is "it ends at Ctrl-C with 0" $? 0
tap_ok "nothing is left behind" wait_for bpf_gone "$TMP/held"
tap_is "no pins" "$(find /sys/fs/bpf/skep -name '*flow*' 2>/dev/null)" ""
