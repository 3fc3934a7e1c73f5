// SPDX-License-Identifier: GPL-2.0-or-later
/* `skep flows`: the command. */
#include <errno.h>
#include <fnmatch.h>
#include <pwd.h>
#include <time.h>

#include "base/log.h"
#include "base/num.h"
#include "base/str.h"
#include "base/vec.h"
#include "command/command.h"
#include "identity/identity.h"
#include "kernel/loop.h"
#include "kernel/ring.h"
#include "record/output.h"
#include "source/flows/flows_matrix.h"
#include "source/flows/flows_record.h"
#include "source/flows/flows_scan.h"

struct flows_options {
	struct output_options output;
	struct option_list pids, ports, addresses;
	const char *comm, *user;
	int proto, direction, version;
	bool events, matrix, scan;
	uint64_t scan_threshold, scan_window_ns;
	uint64_t max_flows, ready_fd;
};

static const char *const proto_choices[] = { "any", "tcp", "udp", NULL };
static const char *const direction_choices[] = { "both", "out", "in", NULL };
static const char *const version_choices[] = { "any", "4", "6", NULL };

static const struct option_spec option_table[] = {
	OPTION_FLAG('e', "events", struct flows_options, events,
		    "each call as a record, as it happens"),
	OPTION_FLAG('m', "matrix", struct flows_options, matrix,
		    "container by container: connected, refused, nobody listens, never tried"),
	OPTION_FLAG(0, "scan", struct flows_options, scan,
		    "mark processes that look like scanners"),
	OPTION_U64(0, "scan-threshold", struct flows_options, scan_threshold, "N", "20",
		   "this many ports of one host, or hosts on one port, are a scan", .min = 2),
	OPTION_DURATION(0, "scan-window", struct flows_options, scan_window_ns, "TIME", "10s",
			"...when they are tried within this time", .min = 1000000),
	OPTION_LIST('p', "pid", struct flows_options, pids, "PID,...",
		    "only these processes (at most 16)", .hint = HINT_PID),
	OPTION_STRING(0, "comm", struct flows_options, comm, "GLOB", "only processes of this name"),
	OPTION_STRING('u', "user", struct flows_options, user, "USER",
		      "only processes of this user", .hint = HINT_USER),
	OPTION_LIST(
		'P', "port", struct flows_options, ports, "PORT,A-B,...",
		"only these ports: the remote one outbound, the local one inbound (at most 16)"),
	OPTION_LIST('a', "address", struct flows_options, addresses, "PREFIX,...",
		    "only flows from or to these addresses (at most 8)"),
	OPTION_CHOICE(0, "proto", struct flows_options, proto, "PROTO", proto_choices, "any",
		      "only this protocol"),
	OPTION_CHOICE(0, "direction", struct flows_options, direction, "DIR", direction_choices,
		      "both", "only this direction"),
	OPTION_CHOICE(0, "ip", struct flows_options, version, "VERSION", version_choices, "any",
		      "only this version of IP"),
	OPTION_U64(0, "max-flows", struct flows_options, max_flows, "N", "65536",
		   "flows in the kernel at a time (some 200 bytes each)", .min = 16,
		   .max = 1 << 22),
	OPTION_U64(0, "ready-fd", struct flows_options, ready_fd, "FD", NULL,
		   "write a newline to this descriptor once everything is attached",
		   .max = 1 << 20),
	OPTION_INCLUDE(output_option_table, struct flows_options, output),
	OPTION_END
};

enum { LOSSES_SHOWN = 32, EVENTS_WAITING = 65536 };
/* An event this old has its predecessors in the ring. */
#define EVENTS_SETTLE_NS 5000000ULL

struct run {
	const struct flows_options *options;
	struct loop *loop;
	struct identity *identity;
	struct output *output;
	struct flows *flows;
	struct flows_matrix *matrix; /* --matrix */
	struct target target;
	bool has_target;
	VEC(struct flow_event) waiting; /* --events: to be put in order */
	uint64_t calls;			/* seen so far */
	size_t flows_shown;
	struct error *err;
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t wall_offset(void)
{
	return clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
}

/* ---- what is wanted ---- */

static int want_lists(const struct flows_options *o, struct flows_want *want, struct error *err)
{
	int r;

	if (o->pids.count > FLOWS_PIDS_MAX || o->ports.count > FLOWS_PORTS_MAX ||
	    o->addresses.count > FLOWS_PREFIXES_MAX)
		return error_set(err, -E2BIG, "at most %d --pid, %d --port and %d --address",
				 FLOWS_PIDS_MAX, FLOWS_PORTS_MAX, FLOWS_PREFIXES_MAX);
	for (size_t i = 0; i < o->pids.count; i++) {
		uint64_t pid = 0;

		r = num_parse(o->pids.values[i], 1, INT32_MAX, &pid, err);
		if (r)
			return error_wrap(err, "--pid");
		want->pids[want->pid_count++] = (uint32_t)pid;
	}
	for (size_t i = 0; i < o->ports.count; i++) {
		uint64_t first = 0, last = 0;

		r = num_parse_range(o->ports.values[i], 0, 65535, &first, &last, err);
		if (r)
			return error_wrap(err, "--port");
		want->ports[want->port_count++] =
			(struct flows_ports){ (uint16_t)first, (uint16_t)last };
	}
	for (size_t i = 0; i < o->addresses.count; i++) {
		struct flows_prefix *p = &want->prefixes[i];
		struct ip_prefix prefix = {};
		uint8_t mask[16] = {};

		r = ip_prefix_parse(o->addresses.values[i], &prefix, err);
		if (r)
			return error_wrap(err, "--address");
		for (unsigned int bit = 0; bit < prefix.bits; bit++)
			mask[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
		memcpy(p->addr, prefix.addr.bytes, 16);
		memcpy(p->mask, mask, 16);
		want->prefix_count++;
	}
	return 0;
}

static int want_user(const char *user, struct flows_want *want, struct error *err)
{
	struct passwd *entry = getpwnam(user);
	uint64_t uid = 0;

	if (entry)
		uid = entry->pw_uid;
	else if (num_parse(user, 0, UINT32_MAX, &uid, NULL))
		return error_set(err, -EINVAL, "--user: %s: no such user", user);
	want->uid = (uint32_t)uid;
	want->uid_set = 1;
	return 0;
}

static int want_fill(const struct run *run, struct flows_want *want, struct error *err)
{
	const struct flows_options *o = run->options;
	int r = want_lists(o, want, err);

	if (!r && o->user)
		r = want_user(o->user, want, err);
	if (r)
		return r;
	if (o->proto)
		want->skip_proto[o->proto == 1 ? FLOW_UDP : FLOW_TCP] = 1;
	if (o->direction)
		want->skip[o->direction == 1 ? FLOW_IN : FLOW_OUT] = 1;
	want->version = (uint8_t)(o->version ? o->version * 2 + 2 : 0);
	if (run->has_target && run->target.kind == TARGET_PID && !want->pid_count)
		want->pids[want->pid_count++] = (uint32_t)run->target.pid;
	return 0;
}

/* What the kernel half does not filter: it has to know names. */
static bool is_wanted(const struct run *run, const struct flows_process *p)
{
	const struct cgroup_ids ids = { p->value.cgroup_v2, p->value.cgroup_v1 };

	if (run->options->comm && fnmatch(run->options->comm, p->value.comm, 0))
		return false;
	return !run->has_target || target_has(run->identity, &run->target, &ids, (pid_t)p->key.pid);
}

/* ---- output ---- */

static void fail(struct run *run, int code)
{
	loop_stop(run->loop, code);
}

static int flow_rows(struct run *run, const struct flows_entry *entries, size_t count)
{
	const struct flows_scan scan = { run->options->scan_window_ns,
					 run->options->scan_threshold };
	_free_ char(*marks)[FLOW_SCAN_TEXT] = NULL;
	uint64_t offset = wall_offset();
	struct flow_record record;
	int r;

	if (run->options->scan && count) {
		marks = calloc(count, sizeof(*marks));
		if (!marks)
			return error_errno(run->err, -ENOMEM, "flows");
		r = flows_scan(&scan, entries, count, clock_ns(CLOCK_MONOTONIC), marks, run->err);
		if (r)
			return r;
	}
	for (size_t i = 0; i < count; i++) {
		if (!is_wanted(run, entries[i].process))
			continue;
		flow_record_fill(&entries[i], offset, &record);
		run->calls += record.count + record.errors;
		run->flows_shown++;
		if (marks)
			str_copy(record.scan, sizeof(record.scan), marks[i]);
		r = output_row(run->output, &record, run->err);
		if (r)
			return r;
	}
	return 0;
}

static int matrix_rows(struct run *run, const struct flows_entry *entries, size_t count)
{
	const struct flow_pair_record *rows;
	size_t n;
	int r = flows_matrix_update(run->matrix, entries, count, run->err);

	if (r)
		return r;
	run->flows_shown = count;
	rows = flows_matrix_rows(run->matrix, &n);
	for (size_t i = 0; i < n && !r; i++) {
		run->calls += rows[i].count + rows[i].errors;
		r = output_row(run->output, &rows[i], run->err);
	}
	return r;
}

static int frame(struct run *run)
{
	struct flows_lost losses[LOSSES_SHOWN];
	const struct flows_entry *entries;
	uint64_t lost = 0;
	size_t count;
	int r = flows_update(run->flows, run->err);

	if (r)
		return r;
	entries = flows_entries(run->flows, &count);
	r = output_frame_begin(run->output);
	if (r)
		return error_errno(run->err, r, "output");
	run->calls = 0;
	run->flows_shown = 0;
	r = run->matrix ? matrix_rows(run, entries, count) : flow_rows(run, entries, count);
	if (r)
		return r;
	for (size_t i = flows_losses(run->flows, losses, LOSSES_SHOWN); i--;)
		lost += losses[i].count;
	output_status(run->output, "%zu flows, %llu calls, %llu lost; Ctrl-C ends",
		      run->flows_shown, (unsigned long long)run->calls, (unsigned long long)lost);
	return output_frame_end(run->output, run->err);
}

static void on_frame(void *context)
{
	struct run *run = context;
	int r = frame(run);

	if (r)
		fail(run, r);
}

/* Into a pipe there is one frame, at the end; the tables are swept all the same. */
static void on_sweep(void *context)
{
	struct run *run = context;
	int r = flows_update(run->flows, run->err);

	if (r)
		fail(run, r);
}

static void on_processes(void *context)
{
	struct run *run = context;
	int r = flows_processes(run->flows, run->err);

	if (r)
		fail(run, r);
}

static int put_event(struct run *run, const struct flow_event *event)
{
	const struct flows_process *p = flows_process(run->flows, &event->key);
	struct flow_event_record record;

	if (p && !is_wanted(run, p))
		return 0;
	run->calls++;
	flow_event_fill(event, p, wall_offset(), &record);
	return output_row(run->output, &record, run->err);
}

static int by_time(const void *pa, const void *pb)
{
	const struct flow_event *a = pa, *b = pb;

	return a->time < b->time ? -1 : a->time > b->time;
}

/*
 * Puts out, in order, what happened before `until`. CPUs put their records into the ring a moment after they took the
 * time: what comes from several is in order only after that moment.
 */
static int put_events(struct run *run, uint64_t until)
{
	size_t n = 0;
	int r = 0;

	if (run->waiting.len)
		qsort(run->waiting.data, run->waiting.len, sizeof(*run->waiting.data), by_time);
	while (!r && n < run->waiting.len && run->waiting.data[n].time < until)
		r = put_event(run, &run->waiting.data[n++]);
	run->waiting.len -= n;
	if (n && run->waiting.len)
		memmove(run->waiting.data, run->waiting.data + n,
			run->waiting.len * sizeof(*run->waiting.data));
	return r;
}

static void on_event(void *context, const void *data, size_t size)
{
	struct run *run = context;
	struct flow_event event;
	int r = 0;

	if (size < sizeof(event))
		return;
	memcpy(&event, data, sizeof(event));
	if (event.type >= FLOW_EVENT_TYPES || event.key.direction > FLOW_IN ||
	    event.key.protocol > FLOW_UDP)
		return;
	if (!vec_push(&run->waiting, event))
		r = error_errno(run->err, -ENOMEM, "events");
	else if (run->waiting.len >= EVENTS_WAITING)
		r = put_events(run, UINT64_MAX);
	if (r)
		fail(run, r);
}

static void on_flush(void *context)
{
	struct run *run = context;
	int r = put_events(run, clock_ns(CLOCK_MONOTONIC) - EVENTS_SETTLE_NS);

	if (!r)
		r = output_flush(run->output, run->err);
	if (r)
		fail(run, r);
}

static void on_end(void *context)
{
	loop_stop(context, 0);
}

/* ---- run ---- */

static int add_timer(struct run *run, uint64_t every_ns, loop_callback fn)
{
	struct loop_timer *timer;
	int r = loop_timer_add(run->loop, every_ns, every_ns, fn, run, &timer);

	return r ? error_errno(run->err, r, "timer") : 0;
}

static int add_timers(struct run *run)
{
	const struct flows_options *o = run->options;
	struct loop_timer *timer;
	int r = add_timer(run, 200000000, on_processes);

	if (!r && o->events)
		r = add_timer(run, 100000000, on_flush);
	if (!r)
		r = add_timer(run, o->output.interval_ns,
			      !o->events && output_is_live(run->output) ? on_frame : on_sweep);
	if (!r && o->output.duration_ns)
		r = loop_timer_add(run->loop, o->output.duration_ns, 0, on_end, run->loop, &timer);
	return r;
}

static int finish(struct run *run)
{
	struct output_loss losses[LOSSES_SHOWN];
	struct flows_lost lost[LOSSES_SHOWN];
	struct output_summary summary = { .what = run->options->events ? "calls" : "flows",
					  .losses = losses };

	summary.seen = run->calls;
	summary.seen_what = "calls";
	summary.losses_count = flows_losses(run->flows, lost, LOSSES_SHOWN);
	for (size_t i = 0; i < summary.losses_count; i++)
		losses[i] = (struct output_loss){ lost[i].reason, lost[i].count };
	return output_finish(run->output, &summary, run->err);
}

static int watch(struct run *run)
{
	CLEANUP(ring_cleanup) struct ring *ring = NULL;
	int r;

	if (run->options->events) {
		r = ring_open(run->loop, flows_events_fd(run->flows), 75000000, on_event, run,
			      &ring, run->err);
		if (r)
			return r;
	}
	r = add_timers(run);
	if (r)
		return r;
	if (run->options->ready_fd && write((int)run->options->ready_fd, "\n", 1) != 1)
		return error_errno(run->err, -errno, "--ready-fd");
	r = loop_run(run->loop);
	if (r)
		return r;
	if (ring) {
		ring_drain(ring);
		r = put_events(run, UINT64_MAX);
	} else {
		output_last_frame(run->output);
		r = frame(run);
	}
	return r ? r : finish(run);
}

static enum exit_code run_with(struct run *run, const char *target)
{
	struct flows_settings settings = { .events = run->options->events,
					   .max_flows = (uint32_t)run->options->max_flows };
	int r;

	if (target) {
		r = target_parse(run->identity, target, &run->target, run->err);
		if (r)
			return EXIT_FAILED;
		run->has_target = true;
	}
	if (want_fill(run, &settings.want, run->err))
		return EXIT_USAGE;
	if (run->options->matrix && flows_matrix_new(run->identity, &run->matrix, run->err))
		return EXIT_FAILED;
	r = flows_open(&settings, run->identity, &run->flows, run->err);
	if (r)
		return r == -EOPNOTSUPP ? EXIT_KERNEL : EXIT_FAILED;
	return watch(run) ? EXIT_FAILED : EXIT_DONE;
}

static enum exit_code flows_run(const void *options, int count, char **args, struct error *err)
{
	const struct flows_options *o = options;
	CLEANUP(loop_cleanup) struct loop *loop = NULL;
	CLEANUP(identity_cleanup) struct identity *identity = NULL;
	CLEANUP(output_cleanup) struct output *output = NULL;
	CLEANUP(flows_matrix_cleanup) struct flows_matrix *matrix = NULL;
	CLEANUP(flows_cleanup) struct flows *flows = NULL;
	const struct schema *schema = o->events	  ? &flow_event_schema
				      : o->matrix ? &flow_pair_schema
						  : &flow_schema;
	struct run run = { .options = o, .err = err };
	enum exit_code code;
	int r;

	if (o->events && (o->matrix || o->scan)) {
		error_set(err, -EINVAL, "--events goes with neither --matrix nor --scan");
		return EXIT_USAGE;
	}
	if (o->matrix && (o->comm || o->scan || count)) {
		error_set(err, -EINVAL, "--matrix goes with neither TARGET nor --comm nor --scan");
		return EXIT_USAGE;
	}
	r = output_open(&o->output, schema, !o->events, &output, err);
	if (r)
		return r == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
	if (o->events && output_stream(output, err))
		return EXIT_USAGE;
	if (loop_new(&loop, err) || identity_open(loop, &identity, err))
		return EXIT_FAILED;
	run.loop = loop;
	run.identity = identity;
	run.output = output;
	code = run_with(&run, count ? args[0] : NULL);
	flows = run.flows;
	vec_free(&run.waiting);
	matrix = run.matrix;
	return code;
}

static const struct schema *const emits[] = { &flow_schema, &flow_event_schema, &flow_pair_schema,
					      NULL };

static const char notes[] =
	"EVENTS\n======\n\n"
	"With **--events** each call is a record: ``connect``, ``connect-failed`` (with the errno), ``accept``, "
	"``close`` (bytes both ways, life of the connection), ``retransmit``, ``send``, ``recv``. A record that finds "
	"the ring full is lost, and counted.\n\n"
	"MATRIX\n======\n\n"
	"With **--matrix** each ordered pair of containers is a row; ``host`` is everything that is in no container, "
	"``outside`` any address that belongs to none of them. A state is ``connected`` (a TCP connection was "
	"established, or a datagram received), ``nobody listens`` (the target answered that the port is closed), "
	"``refused`` (unreachable, prohibited or denied on the way), ``no answer`` (no answer yet, or timed out), "
	"``sent`` (a datagram, and nothing tells whether it arrived) or ``never tried``. Of several ports the best "
	"state counts; PORTS has them all. An address behind NAT, such as a published port of the host, belongs to "
	"the host.\n\n"
	"SCANS\n=====\n\n"
	"With **--scan** the flows of a process that tried **--scan-threshold** ports of one host, or that many hosts "
	"on one port, within **--scan-window** say so in SCAN, whether or not anybody answered.\n\n"
	"CLASSIC\n=======\n\n"
	"**-o classic** prints the two tables of eBPFlow at the end: COMM is ``process @ container``, inbound SADDR is "
	"the remote end, IPv4 over an IPv6 socket is shown as such, and flows that only failed are left out.\n\n"
	"HOOKS\n=====\n\n"
	"TCP is followed by the tracepoint inet_sock_set_state, at no cost per packet, read or write; UDP calls by "
	"sock_send_length and sock_recv_length with cgroup hooks for the other end (Linux 6.3), else by fexit or "
	"kprobes on udp_sendmsg and its like; accepts by fexit or kprobe on inet_csk_accept, else by the system call's "
	"tracepoint. **skep doctor** tells which are used here and what they can't see. The answers are the same; "
	"without fexit and kprobes an accept by io_uring is seen at its first read or write. What can't be "
	"recorded because a table or ring is full is counted and said at the end.\n\n"
	"SKEP_HOOKS=\\ *job*\\ =\\ *hooks*,... makes a job use these hooks only, as in "
	"``SKEP_HOOKS=udp=fexit,accept=kprobe``; for finding out which one is to blame.\n";

static const struct example examples[] = {
	{ "skep flows", "the two tables, live" },
	{ "skep flows web", "what the container web talks to, and who talks to it" },
	{ "skep flows --direction in --port 5432", "who connects to the databases of this host" },
	{ "skep flows --where 'errors > 0' --sort errors", "what can't connect, and why" },
	{ "skep flows --events --proto udp -o json | jq .remote_addr",
	  "each datagram, for a program" },
	{ "skep flows --duration 1m -o csv --output-file flows.csv",
	  "a minute, for a spreadsheet" },
	{}
};

extern const struct command flows_command;
const struct command flows_command = {
	.name = "flows",
	.args = "[TARGET]",
	.summary = "who talks to whom: connects, accepts and datagrams by process and container",
	.description =
		"Shows each process's TCP connects and accepts and UDP sends and receives, summed by the other "
		"end, with user and container names: one table of outbound and one of inbound flows.\n\n"
		"A flow is the sum of the calls of a process in one direction, over one protocol, between one "
		"local and one remote address and one port: the remote port of outbound, the local port of "
		"inbound flows. COUNT is the calls that succeeded; connects and calls that failed stand apart in "
		"ERRORS, with the reason of the last one; connects without an answer yet are PENDING. A call that "
		"would have blocked is not counted. MTBS is the mean time between two calls, (last - first) / "
		"(count - 1).\n\n"
		"BYTES is payload: of the datagrams, or of all connections of the flow in both directions. A "
		"connection that was established before skep started is not a call and not shown.\n\n"
		"A connect belongs to the process that called connect, an accept to the one that called accept, "
		"even if another one reads and writes. A UDP receive shows the remote address `*` if the process "
		"did not ask who sent the datagram. Container names are always looked up; there is no switch for "
		"it. TARGET is a container, pod, unit, cgroup or pid, by name (`db`) or with its kind "
		"(`container:db`).",
	.options = option_table,
	.options_size = sizeof(struct flows_options),
	.max_args = 1,
	.args_hint = HINT_TARGET,
	.emits = emits,
	.examples = examples,
	.notes = notes,
	.needs = NEED_ROOT | NEED_BTF,
	.run = flows_run,
};
