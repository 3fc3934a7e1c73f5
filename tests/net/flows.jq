# SPDX-License-Identifier: GPL-2.0-or-later
# What `skep flows -o json` says beside the load generator's truth. Gives one line for each difference.
#	jq -rn --slurpfile truth F --slurpfile all F --slurpfile seen F -f flows.jq
# `truth`: the flows that must be there; `all`: every flow of the load, to know its processes by.

def flows: map(select(.type == "flow"));
def key: [.pid, .direction, .proto, .ip_version, .remote_addr,
	  if .direction == "out" then .remote_port else .local_port end];

def index_by_key: reduce .[] as $row ({}; .[$row | key | tostring] += [$row]);

($all | flows | map({ key: (.pid | tostring), value: true }) | from_entries) as $pids
| ($truth | flows | index_by_key) as $want
| ($seen | flows | map(select($pids[.pid | tostring])) | index_by_key) as $got
| ($want | to_entries[] | .key as $key | .value[0] as $w | ($got[$key] // []) as $rows
	| if ($rows | length) != 1 then
		"\($w.plan) \($key): \($rows | length) rows instead of one"
	  else
		$rows[0] as $g
		| ("count", "bytes", "tx_bytes", "rx_bytes", "errors") as $field
		| select(($g[$field] // 0) != $w[$field])
		| "\($w.plan) \($key): \($field) \($g[$field]), truly \($w[$field])"
	  end),
  ($want | to_entries[] | .key as $key | .value[0] as $w | ($got[$key] // [])[]
	| select(($w.local_addr and .local_addr != $w.local_addr) or (.error // "") != ($w.error // ""))
	| "\($w.plan) \($key): local \(.local_addr) error \(.error), truly \($w.local_addr) \($w.error)"),
  ($got | keys[] | select($want[.] == null) | "\(.): must not be there: \($got[.] | length) rows")
