#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Wrong use, missing rights, a kernel without BTF, a cut pipe, a full disk: one clear line and the right exit code.
. "${BASH_SOURCE[0]%/*}/../net/lib.sh"

# wrong NAME ERROR TRY ARG...: exit code 2, the error, and where to look.
wrong()
{
	local name=$1 error=$2 try=$3
	shift 3
	tap_exit "$name" 2 "$SKEP" "$@"
	tap_is "$name: says so" "$ERR" "$error
Try: $try --help"
	tap_is "$name: nothing on stdout" "$OUT" ''
}

wrong 'unknown command' 'skep: unknown command flws; did you mean flows?' skep flws
wrong 'unknown command that is like none' 'skep: unknown command wasps' skep wasps
wrong 'unknown option' 'skep flows: unknown option --intervall; did you mean --interval?' 'skep flows' \
	flows --intervall 2s
wrong 'unknown letter' 'skep flows: unknown option -X' 'skep flows' flows -X
wrong 'no number' 'skep flows: --top: abc: not a number' 'skep flows' flows --top abc
wrong 'no value' 'skep flows: --interval needs a value' 'skep flows' flows --interval
wrong 'no choice of ours' \
	'skep flows: --output: xml: not one of table, wide, json, csv, openmetrics, classic' 'skep flows' \
	flows -o xml
wrong 'too many arguments' 'skep help: too many arguments: b' 'skep help' help a b
wrong 'an option of the program' 'skep: unknown option --vrebose; did you mean --verbose?' skep \
	--vrebose flows
wrong 'control characters are shown, not obeyed' 'skep: unknown command \x1b[2J\x0ax' skep $'\e[2J\nx'

# Missing rights. The program is copied to where anybody may run it.
chmod 711 "$TMP"
install -m 755 "$SKEP" "$TMP/skep"
if [ "$(id -u)" -eq 0 ]; then
	tap_exit 'not root' 1 setpriv --reuid=65534 --regid=65534 --clear-groups "$TMP/skep" flows
	tap_is 'not root: says so' "$ERR" \
		'skep flows: needs root (CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN): try sudo'
	tap_exit 'root without rights' 1 setpriv --bounding-set=-all --inh-caps=-all "$TMP/skep" flows
	tap_is 'root without rights: says so' "$ERR" 'skep flows: needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN, which this root has not (in a container?)'
	tap_exit 'no BTF' 3 env SKEP_BTF=/nowhere/btf "$SKEP" flows
	tap_is 'no BTF: says so' "$ERR" 'skep flows: no kernel type information (BTF) at /nowhere/btf: use a kernel with CONFIG_DEBUG_INFO_BTF=y, or set SKEP_BTF to a BTF file of this kernel'
else
	tap_exit 'not root' 1 "$SKEP" flows
	tap_is 'not root: says so' "$ERR" \
		'skep flows: needs root (CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN): try sudo'
	tap_skip 'a kernel without BTF' root
fi
tap_exit 'help needs no rights' 0 "$SKEP" flows --help

# The reader goes away: a quiet end. (The last of the pipe's exit codes is head's.)
for words in --help 'help --man' 'completion bash'; do
	# shellcheck disable=SC2086 # words
	"$SKEP" $words 2>"$TMP/err" | head -c 1 >/dev/null
	code=${PIPESTATUS[0]}
	tap_is "skep $words into a cut pipe" "$code $(cat "$TMP/err")" '0 '
	# surely cut: nobody reads at all
	# shellcheck disable=SC2086
	(sleep 0.2; "$SKEP" $words 2>"$TMP/err"; echo $? >"$TMP/code") | true
	wait_for test -s "$TMP/code"
	tap_is "skep $words into a pipe that nobody reads" "$(cat "$TMP/code") $(cat "$TMP/err")" '0 '
	rm "$TMP/code"
done

for words in --help --version 'completion zsh' 'help flows'; do
	# shellcheck disable=SC2086
	"$SKEP" $words >/dev/full 2>"$TMP/err"
	tap_is "skep $words on a full disk" $? 1
	tap_like "skep $words on a full disk: says so" "$(cat "$TMP/err")" \
		'^skep[a-z ]*: standard output: No space left on device$'
done
"$SKEP" --help >&- 2>"$TMP/err"
tap_is 'stdout closed' $? 1
tap_like 'stdout closed: says so' "$(cat "$TMP/err")" '^skep: standard output: Bad file descriptor$'
