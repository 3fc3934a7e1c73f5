#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The completion scripts: bash's by calling it as bash does, zsh's by completing in a real zsh.
. "${BASH_SOURCE[0]%/*}/../net/lib.sh"

"$SKEP" completion bash >"$TMP/skep.bash"
# shellcheck disable=SC1091 # made here
. "$TMP/skep.bash"
# complete on no line of readline's
compopt()
{
	return 0
}

# completes NAME WANTED WORD...: the last word is being written.
completes()
{
	local name=$1 want=$2
	shift 2
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	_skep "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
	tap_is "$name" "${COMPREPLY[*]}" "$want"
}

mapfile -t COMMANDS < <("$SKEP" __complete command)
completes 'all commands' "${COMMANDS[*]}" "$SKEP" ''
completes 'one command' flows "$SKEP" flo
completes 'a command behind options' flows "$SKEP" -v --config x.yaml flo
completes 'a command behind --config=' flows "$SKEP" --config = x.yaml flo
completes 'commands for help' flows "$SKEP" help flo
completes 'options of skep' '--verbose --version' "$SKEP" --ver
completes 'options of a command' '--ip --interval' "$SKEP" flows --i
completes 'choices' 'table' "$SKEP" flows --output t
completes 'choices of a letter' 'json' "$SKEP" flows -o j
completes 'choices behind =' 'table' "$SKEP" flows --output = t
completes 'choices right behind =' 'table wide json csv openmetrics classic' "$SKEP" flows --output =
completes 'no guess for a number' '' "$SKEP" flows --top ''
completes 'fields' 'bytes' "$SKEP" flows --columns byte
completes 'fields in a list' 'pid,bytes' "$SKEP" flows --columns pid,byte
completes 'fields, turned' 'pid,-bytes' "$SKEP" flows --sort pid,-byte
: >"$TMP/a file.yaml"
completes 'files' "$TMP/a file.yaml" "$SKEP" --config "$TMP/a f"
completes 'nothing for what is no command' '' "$SKEP" wasps ''
tap_is 'bash completes skep with it' "$(complete -p skep)" 'complete -F _skep skep'

# Names from outside are quoted, never run.
cat >"$TMP/hostile" <<'END'
#!/bin/sh
echo 'web$(touch PWNED)'
echo 'web`touch PWNED`;x'
echo 'web two'
END
chmod 755 "$TMP/hostile"
cd "$TMP" || exit 1
# shellcheck disable=SC2016 # as it must be shown
completes 'hostile names are quoted' \
	'web\$\(touch\ PWNED\) web\`touch\ PWNED\`\;x web\ two' "$TMP/hostile" flows web
tap_ok 'and not run' test ! -e PWNED

"$SKEP" completion zsh >"$TMP/_skep"
if ! command -v zsh >/dev/null; then
	tap_skip 'zsh completes' zsh
	exit
fi
tap_ok 'zsh takes its script' zsh -n "$TMP/_skep"

# zsh_completes LINE: what is on the line after TAB, in a zsh behind a pseudo terminal.
zsh_completes()
{
	timeout 20 zsh -f "$TMP/complete.zsh" "$1" "$TMP"
}
mkdir "$TMP/bin"
ln -s "$(realpath "$SKEP")" "$TMP/bin/skep"
cat >"$TMP/complete.zsh" <<'END'
zmodload zsh/zpty
zpty shell "PATH=$2/bin:$PATH zsh -f -i"
send() { zpty -w shell "$1" }
send "PS1=; unsetopt zle_bracketed_paste beep; fpath=($2 \$fpath); autoload -U compinit; compinit -D -u; stty columns 200; print READY''NOW"
zpty -r -m shell text '*READYNOW*'
# what stands there when enter is pressed is printed by a widget
send "show() { print -r -- \"LINE<\$BUFFER>\"; zle kill-buffer }; zle -N show; bindkey '^X' show; print READY''AGAIN"
zpty -r -m shell text '*READYAGAIN*'
zpty -n -w shell "$1"$'\t\x18'
zpty -r -m shell text '*LINE<*>*'
print -r -- ${${text##*LINE<}%%>*}
zpty -d shell
END

tap_is 'zsh: a command' "$(zsh_completes 'skep flo')" 'skep flows '
tap_is 'zsh: an option' "$(zsh_completes 'skep flows --interv')" 'skep flows --interval='
tap_is 'zsh: a choice' "$(zsh_completes 'skep flows -o js')" 'skep flows -o json '
tap_is 'zsh: a field' "$(zsh_completes 'skep flows --columns=local_a')" 'skep flows --columns=local_addr,'
tap_is 'zsh: a field in a list' "$(zsh_completes 'skep flows --columns=pid,local_a')" \
	'skep flows --columns=pid,local_addr,'
