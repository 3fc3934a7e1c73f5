#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --help, --version, man pages: they answer on stdout with 0, say the same by every way, and fit the page.
. "${BASH_SOURCE[0]%/*}/../net/lib.sh"

mapfile -t COMMANDS < <("$SKEP" __complete command)
unset COLUMNS

longest_line()
{
	# lines of examples can't be wrapped
	sed '/^Examples:/,$d' | wc -L
}

man_page_is_taken()
{
	"$SKEP" help --man "$@" | rst2man --halt=warning >/dev/null
}

tap_exit 'skep --help' 0 "$SKEP" --help
HELP=$OUT
tap_is 'nothing on stderr' "$ERR" ''
tap_exit 'skep help' 0 "$SKEP" help
tap_is 'is the same' "$OUT" "$HELP"
tap_exit 'skep -h flows' 0 "$SKEP" -h flows
tap_is 'is the same, too' "$OUT" "$HELP"
tap_exit 'no command at all is wrong use' 2 "$SKEP"
tap_is 'with the help on stderr' "$ERR" "$HELP"
tap_is 'and nothing on stdout' "$OUT" ''

for command in "${COMMANDS[@]}"; do
	tap_exit "skep $command --help" 0 "$SKEP" "$command" --help
	text=$OUT
	tap_like "$command is in the program's help" "$HELP" "
  $command  +[^ ]"
	tap_like "$command: usage first" "$text" "^Usage: skep $command "
	tap_exit "skep help $command" 0 "$SKEP" help "$command"
	tap_is "$command: the same" "$OUT" "$text"
	tap_is "$command: no line is too long" $(($(longest_line <<<"$text") <= 80)) 1
	tap_exit "skep help --man $command" 0 "$SKEP" help --man "$command"
	# an option that is there twice can be used only once
	tap_is "$command: each option is there once" \
		"$(grep -oE '^ +(-[a-zA-Z], )?--[a-z-]+' <<<"$text" | tr -d , | xargs -n1 | sort | uniq -d)" ''
	mapfile -t options < <(grep -oE '^ +(-[a-zA-Z], )?--[a-z-]+' <<<"$text" | grep -oE -- '--[a-z-]+')
	for option in "${options[@]}"; do
		case $option in
		--help | --version | --verbose | --quiet | --config) ;;
		*) tap_like "$command: $option is in the man page" "$OUT" "\\*\\*$option\\*\\*" ;;
		esac
	done
	if command -v rst2man >/dev/null; then
		tap_ok "$command: rst2man takes the man page" \
			man_page_is_taken "$command"
	else
		tap_skip "$command: rst2man takes the man page" rst2man
	fi
done

narrow=$(COLUMNS=50 "$SKEP" --help)
tap_is 'COLUMNS makes it narrow' $(($(wc -L <<<"$narrow") <= 50)) 1
tap_exit 'skep --version' 0 "$SKEP" --version
tap_like 'names skep and libbpf' "$OUT" '^skep [0-9]+\.[0-9]+\.[0-9]+ \(libbpf [0-9]+\.[0-9]+\)$'
if command -v rst2man >/dev/null; then
	tap_ok 'the man page of skep' man_page_is_taken
else
	tap_skip 'the man page of skep' rst2man
fi
