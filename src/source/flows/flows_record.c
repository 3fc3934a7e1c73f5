// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/flows/flows_record.h"

#include <stdio.h>

#include "base/num.h"
#include "identity/identity.h"

static const char *const direction_names[] = { [FLOW_OUT] = "out", [FLOW_IN] = "in" };
static const char *const proto_names[] = { [FLOW_TCP] = "tcp", [FLOW_UDP] = "udp" };
static const char *const event_names[] = {
	[FLOW_CONNECT] = "connect",
	[FLOW_CONNECT_FAILED] = "connect-failed",
	[FLOW_ACCEPT] = "accept",
	[FLOW_CLOSE] = "close",
	[FLOW_RETRANSMIT] = "retransmit",
	[FLOW_SEND] = "send",
	[FLOW_RECV] = "recv",
};
_Static_assert(ARRAY_SIZE(event_names) == FLOW_EVENT_TYPES, "a name for each event");

/* ---- filling ---- */

struct ip_addr flow_addr(const __u8 bytes[16])
{
	static const uint8_t zero[16];

	return memcmp(bytes, zero, 16) ? ip_addr_from_v6(bytes) : (struct ip_addr){};
}

static void owner_fill(const struct flows_process *p, struct flow_owner *o)
{
	const struct container *c = p->container;

	memcpy(o->comm, p->value.comm, sizeof(o->comm));
	o->pid = p->key.pid;
	o->ppid = p->value.ppid;
	o->uid = p->value.uid;
	o->gid = p->value.gid;
	o->netns = p->value.netns;
	o->user = p->user;
	o->exe = p->exe;
	o->cmdline = p->cmdline;
	o->parent = p->parent;
	o->cgroup = p->cgroup;
	if (!c)
		return;
	o->container = c->runtime == RUNTIME_UNIT ? NULL : c->name;
	o->container_id = c->id;
	o->runtime = runtime_names[c->runtime];
	o->image = c->image;
	o->pod = c->pod;
	o->k8s_namespace = c->namespace;
	o->labels = c->labels;
	o->outer = c->outer;
}

static void ends_fill(const struct flow_key *key, bool mapped, struct flow_ends *e)
{
	e->local_addr = flow_addr(key->local);
	e->remote_addr = flow_addr(key->remote);
	e->ip_version = e->remote_addr.version ? e->remote_addr.version : e->local_addr.version;
	if (!e->ip_version)
		e->ip_version = 6; /* [::] to nobody in particular */
	/* a wildcard of the socket: all zero is an address here, not "unknown" */
	if (!e->local_addr.version)
		e->local_addr.version = 6;
	if (key->direction == FLOW_OUT)
		e->remote_port = key->port;
	else
		e->local_port = key->port;
	e->direction = key->direction;
	e->proto = key->protocol;
	e->mapped = mapped;
}

void flow_record_fill(const struct flows_entry *entry, uint64_t wall_offset, struct flow_record *r)
{
	const struct flow_value *v = &entry->value;
	uint64_t done = v->count + v->errors;

	*r = (struct flow_record){};
	owner_fill(entry->process, &r->owner);
	ends_fill(&entry->key, v->mapped, &r->ends);
	r->count = v->count;
	r->tx_bytes = v->tx_bytes;
	r->rx_bytes = v->rx_bytes;
	r->bytes = v->tx_bytes + v->rx_bytes;
	/* two CPUs may have had the first two calls at once */
	r->mtbs_ns = v->count > 1 && v->last > v->first ? (v->last - v->first) / (v->count - 1) : 0;
	r->max_gap_ns = v->max_gap;
	r->first_time = v->first ? v->first + wall_offset : 0;
	r->last_time = v->last ? v->last + wall_offset : 0;
	r->last_error_time = v->error_time ? v->error_time + wall_offset : 0;
	r->errors = v->errors;
	r->error = v->errors ? errno_name(v->error) : NULL;
	r->open = v->open;
	r->retransmits = v->retransmits;
	if (entry->key.protocol == FLOW_TCP && entry->key.direction == FLOW_OUT) {
		r->pending = v->attempts > done ? v->attempts - done : 0;
		r->latency_ns = v->count ? v->latency / v->count : 0;
	}
}

void flow_event_fill(const struct flow_event *event, const struct flows_process *process,
		     uint64_t wall_offset, struct flow_event_record *r)
{
	*r = (struct flow_event_record){};
	if (process)
		owner_fill(process, &r->owner);
	else
		r->owner.pid = event->key.pid;
	ends_fill(&event->key, event->mapped, &r->ends);
	r->time = event->time + wall_offset;
	r->event = event->type;
	r->tid = event->tid;
	r->tx_bytes = event->tx_bytes;
	r->rx_bytes = event->rx_bytes;
	r->bytes = event->tx_bytes + event->rx_bytes;
	r->duration_ns = event->duration;
	r->error = event->error ? errno_name(event->error) : NULL;
}

/* ---- text ---- */

static void end_format(const struct ip_addr *addr, uint16_t port, char *buf, size_t size)
{
	char text[IP_ADDR_TEXT];

	ip_addr_format(addr, text);
	if (!port)
		snprintf(buf, size, "%s", text);
	else
		snprintf(buf, size, addr->version == 6 ? "[%s]:%u" : "%s:%u", text, port);
}

static void flow_local(const void *record, char *buf, size_t size)
{
	const struct flow_record *r = record;

	end_format(&r->ends.local_addr, r->ends.local_port, buf, size);
}

static void flow_remote(const void *record, char *buf, size_t size)
{
	const struct flow_record *r = record;

	end_format(&r->ends.remote_addr, r->ends.remote_port, buf, size);
}

static void event_local(const void *record, char *buf, size_t size)
{
	const struct flow_event_record *r = record;

	end_format(&r->ends.local_addr, r->ends.local_port, buf, size);
}

static void event_remote(const void *record, char *buf, size_t size)
{
	const struct flow_event_record *r = record;

	end_format(&r->ends.remote_addr, r->ends.remote_port, buf, size);
}

/* What people call the usual ones; the others by their names. */
static const char *error_word(const char *name)
{
	static const struct {
		const char *name, *word;
	} words[] = {
		{ "ECONNREFUSED", "refused" },
		{ "ETIMEDOUT", "timed out" },
		{ "EHOSTUNREACH", "unreachable" },
		{ "ENETUNREACH", "unreachable" },
		{ "ECONNRESET", "reset" },
		{ "EACCES", "denied" },
		{ "EPERM", "denied" },
		{ "ECANCELED", "given up" },
		{ "EADDRNOTAVAIL", "no address" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_eq(words[i].name, name))
			return words[i].word;
	return name;
}

/* "3 refused": how many failed, and why the last one did. */
static void flow_errors(const void *record, char *buf, size_t size)
{
	const struct flow_record *r = record;

	if (r->errors)
		snprintf(buf, size, "%llu %s", (unsigned long long)r->errors, error_word(r->error));
	else
		snprintf(buf, size, "-");
}

static unsigned int flow_title(const void *record)
{
	return ((const struct flow_record *)record)->ends.direction;
}

/* ---- schemas ---- */

#define OWNER_FIELDS(st)                                                                         \
	FIELD_AS("ppid", st, owner.ppid, "PPID", 6, "process id of the parent",                  \
		 .flags = FIELD_WIDE),                                                           \
		FIELD_AS("parent", st, owner.parent, "PARENT", 8, "name of the parent process",  \
			 .flags = FIELD_HIDDEN),                                                 \
		FIELD_AS("exe", st, owner.exe, "EXE", 8,                                         \
			 "executable; its file name alone if the process ended at once",         \
			 .flags = FIELD_WIDE | FIELD_STRETCH),                                   \
		FIELD_AS("cmdline", st, owner.cmdline, "CMDLINE", 8, "command line",             \
			 .flags = FIELD_HIDDEN | FIELD_STRETCH),                                 \
		FIELD_AS("uid", st, owner.uid, "UID", 5, "user id", .flags = FIELD_HIDDEN),      \
		FIELD_AS("gid", st, owner.gid, "GID", 5, "group id", .flags = FIELD_HIDDEN),     \
		FIELD_AS("pod", st, owner.pod, "POD", 3, "Kubernetes pod",                       \
			 .flags = FIELD_WIDE | FIELD_AUTO | FIELD_STRETCH),                      \
		FIELD_AS("k8s_ns", st, owner.k8s_namespace, "K8S_NS", 6, "Kubernetes namespace", \
			 .flags = FIELD_WIDE | FIELD_AUTO),                                      \
		FIELD_AS("image", st, owner.image, "IMAGE", 5, "image of the container",         \
			 .flags = FIELD_WIDE | FIELD_AUTO | FIELD_STRETCH),                      \
		FIELD_AS("labels", st, owner.labels, "LABELS", 6, "labels of the container",     \
			 .flags = FIELD_WIDE | FIELD_AUTO | FIELD_STRETCH),                      \
		FIELD_AS("runtime", st, owner.runtime, "RUNTIME", 7,                             \
			 "what runs the container, or `unit`", .flags = FIELD_HIDDEN),           \
		FIELD_AS("container_id", st, owner.container_id, "CONTAINER_ID", 12,             \
			 "id of the container, or the systemd unit", .flags = FIELD_HIDDEN),     \
		FIELD_AS("outer", st, owner.outer, "OUTER", 5, "container around the container", \
			 .flags = FIELD_WIDE | FIELD_AUTO),                                      \
		FIELD_AS("cgroup", st, owner.cgroup, "CGROUP", 6, "path of the cgroup",          \
			 .flags = FIELD_WIDE | FIELD_STRETCH),                                   \
		FIELD_AS("netns", st, owner.netns, "NETNS", 10,                                  \
			 "network namespace (inode number)", .flags = FIELD_HIDDEN)

#define END_FIELDS(st)                                                                         \
	FIELD_AS("ip_version", st, ends.ip_version, "IP", 2,                                   \
		 "4 or 6; IPv4 over an IPv6 socket is 4", .flags = FIELD_HIDDEN),              \
		FIELD_AS("mapped", st, ends.mapped, "MAPPED", 6, "IPv4 over an IPv6 socket",   \
			 .flags = FIELD_HIDDEN),                                               \
		FIELD_AS("local_addr", st, ends.local_addr, "LOCAL_ADDR", 15, "local address", \
			 .flags = FIELD_NO_TABLE, .metric = METRIC_LABEL),                     \
		FIELD_AS("local_port", st, ends.local_port, "LPORT", 5,                        \
			 "local port, of an inbound flow", .flags = FIELD_NO_TABLE,            \
			 .unit = UNIT_PORT, .metric = METRIC_LABEL),                           \
		FIELD_AS("remote_addr", st, ends.remote_addr, "REMOTE_ADDR", 15,               \
			 "remote address; none if the process did not ask who sent to it",     \
			 .flags = FIELD_NO_TABLE, .metric = METRIC_LABEL),                     \
		FIELD_AS("remote_port", st, ends.remote_port, "RPORT", 5,                      \
			 "remote port, of an outbound flow", .flags = FIELD_NO_TABLE,          \
			 .unit = UNIT_PORT, .metric = METRIC_LABEL)

#define DIRECTION_FIELD(st)                                                           \
	FIELD_AS("direction", st, ends.direction, "DIR", 3,                           \
		 "out: connect, send; in: accept, receive", .names = direction_names, \
		 .names_count = ARRAY_SIZE(direction_names), .yield = 9, .metric = METRIC_LABEL)
#define PID_FIELD(st) FIELD_AS("pid", st, owner.pid, "PID", 6, "process id", .metric = METRIC_LABEL)
#define COMM_FIELD(st)                                                                             \
	FIELD_AS("comm", st, owner.comm, "COMM", 8, "name of the process", .flags = FIELD_STRETCH, \
		 .metric = METRIC_LABEL)
#define USER_FIELD(st) \
	FIELD_AS("user", st, owner.user, "USER", 5, "its user", .yield = 7, .metric = METRIC_LABEL)
#define CONTAINER_FIELD(st)                                                         \
	FIELD_AS("container", st, owner.container, "CONTAINER", 9, "its container", \
		 .metric = METRIC_LABEL, .flags = FIELD_STRETCH)
#define PROTO_FIELD(st)                                                                   \
	FIELD_AS("proto", st, ends.proto, "PROTO", 5, "tcp or udp", .names = proto_names, \
		 .names_count = ARRAY_SIZE(proto_names), .metric = METRIC_LABEL)

static const struct field flow_fields[] = {
	DIRECTION_FIELD(struct flow_record),
	PID_FIELD(struct flow_record),
	COMM_FIELD(struct flow_record),
	USER_FIELD(struct flow_record),
	CONTAINER_FIELD(struct flow_record),
	PROTO_FIELD(struct flow_record),
	FIELD_AS("local", struct flow_record, ends.local_addr, "LOCAL", 10,
		 "local address, with the port of an inbound flow",
		 .flags = FIELD_TABLE_ONLY | FIELD_STRETCH, .format = flow_local),
	FIELD_AS(
		"remote", struct flow_record, ends.remote_addr, "REMOTE", 12,
		"remote address, with the port of an outbound flow; * if the process did not ask who sent to it",
		.flags = FIELD_TABLE_ONLY | FIELD_STRETCH, .format = flow_remote),
	END_FIELDS(struct flow_record),
	FIELD(struct flow_record, count, "COUNT", 5,
	      "calls that succeeded: connects, accepts, datagrams sent or received",
	      .metric = METRIC_COUNTER),
	FIELD(struct flow_record, bytes, "BYTES", 6, "payload; for TCP in both directions",
	      .unit = UNIT_BYTES, .yield = 6, .metric = METRIC_COUNTER),
	FIELD(struct flow_record, tx_bytes, "TX_BYTES", 8, "payload sent", .unit = UNIT_BYTES,
	      .flags = FIELD_WIDE, .metric = METRIC_COUNTER),
	FIELD(struct flow_record, rx_bytes, "RX_BYTES", 8, "payload received", .unit = UNIT_BYTES,
	      .flags = FIELD_WIDE, .metric = METRIC_COUNTER),
	FIELD(struct flow_record, mtbs_ns, "MTBS", 6,
	      "mean time between two calls: (last - first) / (count - 1)", .unit = UNIT_NS,
	      .flags = FIELD_ZERO_IS_NONE, .yield = 8),
	FIELD(struct flow_record, pending, "PENDING", 7, "connects that have no answer yet",
	      .flags = FIELD_AUTO, .metric = METRIC_GAUGE),
	FIELD(struct flow_record, errors, "ERRORS", 8,
	      "calls that failed, and why the last one did", .flags = FIELD_AUTO,
	      .format = flow_errors, .metric = METRIC_COUNTER),
	FIELD(struct flow_record, error, "ERROR", 8, "errno of the last call that failed",
	      .flags = FIELD_HIDDEN),
	FIELD(struct flow_record, scan, "SCAN", 8, "why the process looks like a scanner (--scan)",
	      .flags = FIELD_AUTO | FIELD_ZERO_IS_NONE),
	FIELD(struct flow_record, max_gap_ns, "MAX_GAP", 8, "longest time between two calls",
	      .unit = UNIT_NS, .flags = FIELD_WIDE | FIELD_ZERO_IS_NONE),
	FIELD(struct flow_record, latency_ns, "LATENCY", 8, "mean time from SYN to established",
	      .unit = UNIT_NS, .flags = FIELD_WIDE | FIELD_ZERO_IS_NONE),
	FIELD(struct flow_record, open, "OPEN", 5, "TCP connections that are open now",
	      .flags = FIELD_WIDE, .metric = METRIC_GAUGE),
	FIELD(struct flow_record, retransmits, "RETRANS", 7, "TCP segments sent again",
	      .flags = FIELD_WIDE | FIELD_AUTO, .metric = METRIC_COUNTER),
	FIELD(struct flow_record, first_time, "FIRST", 12, "first call that succeeded",
	      .unit = UNIT_TIME, .flags = FIELD_WIDE),
	FIELD(struct flow_record, last_time, "LAST", 12, "last call that succeeded",
	      .unit = UNIT_TIME, .flags = FIELD_WIDE),
	FIELD(struct flow_record, last_error_time, "LAST_ERROR", 12, "last call that failed",
	      .unit = UNIT_TIME, .flags = FIELD_HIDDEN),
	OWNER_FIELDS(struct flow_record),
};

static const struct field event_fields[] = {
	FIELD(struct flow_event_record, time, "TIME", 15, "when", .unit = UNIT_TIME),
	FIELD(struct flow_event_record, event, "EVENT", 14, "what happened", .names = event_names,
	      .names_count = ARRAY_SIZE(event_names)),
	PID_FIELD(struct flow_event_record),
	FIELD(struct flow_event_record, tid, "TID", 7,
	      "thread; none when the event did not happen in the process's own context",
	      .flags = FIELD_WIDE | FIELD_ZERO_IS_NONE),
	COMM_FIELD(struct flow_event_record),
	USER_FIELD(struct flow_event_record),
	CONTAINER_FIELD(struct flow_event_record),
	DIRECTION_FIELD(struct flow_event_record),
	PROTO_FIELD(struct flow_event_record),
	FIELD_AS("local", struct flow_event_record, ends.local_addr, "LOCAL", 18,
		 "local address, with the port of an inbound flow",
		 .flags = FIELD_TABLE_ONLY | FIELD_STRETCH, .format = event_local),
	FIELD_AS("remote", struct flow_event_record, ends.remote_addr, "REMOTE", 18,
		 "remote address, with the port of an outbound flow",
		 .flags = FIELD_TABLE_ONLY | FIELD_STRETCH, .format = event_remote),
	END_FIELDS(struct flow_event_record),
	FIELD(struct flow_event_record, bytes, "BYTES", 7,
	      "payload of the call; on close of the connection, both ways", .unit = UNIT_BYTES),
	FIELD(struct flow_event_record, tx_bytes, "TX_BYTES", 8, "payload sent", .unit = UNIT_BYTES,
	      .flags = FIELD_WIDE),
	FIELD(struct flow_event_record, rx_bytes, "RX_BYTES", 8, "payload received",
	      .unit = UNIT_BYTES, .flags = FIELD_WIDE),
	FIELD(struct flow_event_record, duration_ns, "DURATION", 8,
	      "connect: SYN to established, or to the failure; close: life of the connection",
	      .unit = UNIT_NS, .flags = FIELD_ZERO_IS_NONE),
	FIELD(struct flow_event_record, error, "ERROR", 8,
	      "errno, if the call failed or the connection broke"),
	OWNER_FIELDS(struct flow_event_record),
};

static const char *const flow_titles[] = { "Outbound flows (TCP connect, UDP send)",
					   "Inbound flows (TCP accept, UDP receive)", NULL };

/* ---- classic: the tables of eBPFlow, as it printed them at Ctrl-C ---- */

enum { CLASSIC_COLUMNS = 10 };

struct classic_row {
	char cell[CLASSIC_COLUMNS][64];
};

static void classic_addr(const struct flow_ends *ends, const struct ip_addr *addr, char *buf,
			 size_t size)
{
	char text[IP_ADDR_TEXT];

	ip_addr_format(addr, text);
	snprintf(buf, size, "%s%s", ends->mapped && addr->version == 4 ? "::ffff:" : "", text);
}

static void classic_fill(const struct flow_record *r, struct classic_row *row)
{
	bool out = r->ends.direction == FLOW_OUT;
	const struct ip_addr *source = out ? &r->ends.local_addr : &r->ends.remote_addr;
	const struct ip_addr *target = out ? &r->ends.remote_addr : &r->ends.local_addr;
	size_t size = sizeof(row->cell[0]);

	snprintf(row->cell[0], size, "%u", r->owner.pid);
	snprintf(row->cell[1], size, "%.16s%s%s", r->owner.comm, r->owner.container ? " @ " : "",
		 r->owner.container ? r->owner.container : "");
	snprintf(row->cell[2], size, "%s", r->owner.user ? r->owner.user : "");
	snprintf(row->cell[3], size, "%u", r->ends.mapped ? 6 : r->ends.ip_version);
	snprintf(row->cell[4], size, "%s", r->ends.proto == FLOW_TCP ? "TCP" : "UDP");
	classic_addr(&r->ends, source, row->cell[5], size);
	classic_addr(&r->ends, target, row->cell[6], size);
	snprintf(row->cell[7], size, "%u", out ? r->ends.remote_port : r->ends.local_port);
	snprintf(row->cell[8], size, "%llu", (unsigned long long)r->count);
	if (r->count > 1)
		snprintf(row->cell[9], size, "%.6g", (double)r->mtbs_ns / 1e9);
	else
		snprintf(row->cell[9], size, "-");
}

static void classic_print(const struct classic_row *row, const size_t *widths, struct strbuf *out)
{
	for (int c = 0; c < CLASSIC_COLUMNS; c++) {
		_strbuf_ struct strbuf cell = {};

		strbuf_add_escaped(&cell, row->cell[c], strlen(row->cell[c]));
		strbuf_add(out, strbuf_str(&cell), cell.len);
		if (c == CLASSIC_COLUMNS - 1)
			break;
		for (size_t w = str_columns(strbuf_str(&cell), cell.len); w < widths[c] + 2; w++)
			strbuf_addc(out, ' ');
	}
	strbuf_addc(out, '\n');
}

static void classic_table(const void *const *records, size_t count, enum flow_direction direction,
			  struct strbuf *out)
{
	struct classic_row head = { { "PID", "COMM", "USER", "IP", "PROTO", "SADDR", "DADDR",
				      "RPORT", "COUNT", "MTBS(s)" } };
	size_t widths[CLASSIC_COLUMNS];
	struct classic_row row;

	if (direction == FLOW_IN)
		memcpy(head.cell[7], "LPORT", 6);
	for (int c = 0; c < CLASSIC_COLUMNS; c++)
		widths[c] = strlen(head.cell[c]);
	for (int pass = 0; pass < 2; pass++) {
		if (pass)
			classic_print(&head, widths, out);
		for (size_t i = 0; i < count; i++) {
			const struct flow_record *r = records[i];

			/* a flow was only recorded once a call had succeeded */
			if (r->ends.direction != direction || !r->count)
				continue;
			classic_fill(r, &row);
			if (pass)
				classic_print(&row, widths, out);
			for (int c = 0; !pass && c < CLASSIC_COLUMNS; c++)
				widths[c] = MAX(widths[c],
						str_columns(row.cell[c], strlen(row.cell[c])));
		}
	}
}

static void flow_classic(const void *const *records, size_t count, struct strbuf *out)
{
	strbuf_addf(out, "%s\n", flow_titles[FLOW_OUT]);
	classic_table(records, count, FLOW_OUT, out);
	strbuf_addf(out, "\n%s\n", flow_titles[FLOW_IN]);
	classic_table(records, count, FLOW_IN, out);
}

const struct schema flow_schema = {
	.name = "flow",
	.help = "the calls of a process on sockets to one other end, summed",
	.fields = flow_fields,
	.count = ARRAY_SIZE(flow_fields),
	.record_size = sizeof(struct flow_record),
	.titles = flow_titles,
	.title_of = flow_title,
	.classic = flow_classic,
};

const struct schema flow_event_schema = {
	.name = "flow_event",
	.help = "one call on a socket, or what became of its connection (--events)",
	.fields = event_fields,
	.count = ARRAY_SIZE(event_fields),
	.record_size = sizeof(struct flow_event_record),
};
