#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# skep.yaml: where it is looked for, what it sets, and complaints that name file, line and column.
. "${BASH_SOURCE[0]%/*}/../net/lib.sh"

# config TEXT: writes it to skep.yaml of the test's folder.
config()
{
	printf '%s\n' "$1" >"$TMP/skep.yaml"
}

# refused NAME COMPLAINT: behind the file's name.
refused()
{
	tap_exit "$1" 2 "$SKEP" --config "$TMP/skep.yaml" flows --schema
	tap_is "$1: says so" "$ERR" "skep flows: $TMP/skep.yaml:$2
Try: skep flows --help"
}

config 'defaults:
  flows:
    intervall: 2s'
refused 'unknown option' '3:5: unknown key intervall; did you mean interval?'
config 'defaults:
  flws: {top: 3}'
refused 'unknown command' '2:3: unknown key flws; did you mean flows?'
config 'default: {}'
refused 'unknown section' '1:1: unknown key default; did you mean defaults?'
config 'defaults:
  flows: {top: many}'
refused 'bad value' '2:16: top: many: not a number'
config 'defaults:
  flows: {top: 1, interval: 2s,
    top: 2}'
refused 'twice' '3:5: key top is there twice'
config 'defaults: &d {flows: {}}'
refused 'anchor' '1:11: anchors and aliases are not allowed'
config 'defaults: {flows: [}'
refused 'no YAML' '1:20: did not find expected node content'
head -c 5000000 /dev/zero | tr '\0' '#' >"$TMP/skep.yaml"
tap_exit 'too large' 1 "$SKEP" --config "$TMP/skep.yaml" flows --schema
tap_is 'too large: says so' "$ERR" "skep flows: $TMP/skep.yaml: larger than 4 MiB"

tap_exit 'a file that is not there' 1 "$SKEP" --config=/nowhere/skep.yaml flows --schema
tap_is 'a file that is not there: says so' "$ERR" \
	'skep flows: /nowhere/skep.yaml: No such file or directory'
tap_exit 'by the environment' 1 env SKEP_CONFIG=/nowhere/skep.yaml "$SKEP" flows --schema
tap_is 'by the environment: says so' "$ERR" \
	'skep flows: /nowhere/skep.yaml: No such file or directory'
tap_exit 'help does not need it' 0 env SKEP_CONFIG=/nowhere/skep.yaml "$SKEP" flows --help

if [ "$(id -u)" -eq 0 ]; then
	config 'defaults: {flows: {output: json}}'
	tap_exit 'defaults are used' 0 "$SKEP" --config "$TMP/skep.yaml" flows --schema
	tap_ok 'as JSON' jq -e . "$TMP/out"
	tap_exit 'behind the command, too' 0 "$SKEP" flows --schema --config="$TMP/skep.yaml"
	tap_ok 'as JSON' jq -e . "$TMP/out"
	tap_exit 'the command line comes on top' 0 "$SKEP" flows --config "$TMP/skep.yaml" --schema -o table
	if jq -e . "$TMP/out" >/dev/null 2>&1; then
		tap_fail 'as a table' "$OUT"
	else
		tap_pass 'as a table'
	fi
	tap_exit 'the example runs as it stands' 0 "$SKEP" --config "$TOP/examples/skep.yaml" flows --duration 100ms
else
	tap_skip 'defaults are used' root
fi
