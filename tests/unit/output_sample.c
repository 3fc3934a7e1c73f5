// SPDX-License-Identifier: GPL-2.0-or-later
#include "output_sample.h"

#include <stdio.h>

static const char *const directions[] = { "out", "in", NULL };

static void format_remote(const void *record, char *buf, size_t size)
{
	const struct sample *s = record;
	char addr[IP_ADDR_TEXT];

	snprintf(buf, size, s->remote_addr.version == 6 ? "[%s]:%u" : "%s:%u",
		 ip_addr_format(&s->remote_addr, addr), s->remote_port);
}

static const struct field fields[] = {
	FIELD(struct sample, time, "TIME", 12, "when", .unit = UNIT_TIME, .flags = FIELD_WIDE),
	FIELD(struct sample, pid, "PID", 7, "process", .metric = METRIC_LABEL),
	FIELD(struct sample, comm, "COMM", 4, "command"),
	FIELD(struct sample, container, "CONTAINER", 9, "container", .flags = FIELD_STRETCH,
	      .metric = METRIC_LABEL),
	FIELD_AS("remote", struct sample, remote_addr, "REMOTE", 14, "peer",
		 .flags = FIELD_TABLE_ONLY, .format = format_remote),
	FIELD(struct sample, remote_addr, "RADDR", 7, "peer's address", .flags = FIELD_NO_TABLE),
	FIELD(struct sample, remote_port, "RPORT", 5, "peer's port", .flags = FIELD_NO_TABLE,
	      .unit = UNIT_PORT),
	FIELD(struct sample, bytes, "BYTES", 7, "payload", .unit = UNIT_BYTES, .yield = 1,
	      .metric = METRIC_COUNTER),
	FIELD(struct sample, mtbs_ns, "MTBS", 7, "mean time \"between\" calls", .unit = UNIT_NS,
	      .yield = 2, .flags = FIELD_ZERO_IS_NONE, .metric = METRIC_GAUGE),
	FIELD(struct sample, errors, "ERRORS", 6, "failed calls",
	      .flags = FIELD_AUTO | FIELD_ZERO_IS_NONE, .metric = METRIC_COUNTER),
	FIELD(struct sample, cookie, "COOKIE", 6, "socket", .flags = FIELD_HIDDEN, .unit = UNIT_ID),
	FIELD(struct sample, mask, "MASK", 6, "bits", .flags = FIELD_HIDDEN, .unit = UNIT_HEX),
	FIELD(struct sample, delta, "DELTA", 6, "change", .flags = FIELD_HIDDEN),
	FIELD(struct sample, load, "LOAD", 6, "share", .flags = FIELD_HIDDEN, .unit = UNIT_PERCENT),
	FIELD(struct sample, failed, "FAILED", 6, "whether it failed", .flags = FIELD_HIDDEN),
	FIELD(struct sample, direction, "DIR", 3, "direction", .flags = FIELD_HIDDEN,
	      .names = directions, .names_count = 2),
};

static unsigned int title_of(const void *record)
{
	const struct sample *s = record;

	return s->direction;
}

static void classic(const void *const *records, size_t count, struct strbuf *out)
{
	strbuf_addf(out, "%zu of old:", count);
	for (size_t i = 0; i < count; i++)
		strbuf_addf(out, " %u", ((const struct sample *)records[i])->pid);
	strbuf_addc(out, '\n');
}

const struct schema sample_schema = {
	.name = "sample",
	.help = "a test's record",
	.fields = fields,
	.count = ARRAY_SIZE(fields),
	.record_size = sizeof(struct sample),
	.titles = directions,
	.title_of = title_of,
	.classic = classic,
};

#define V4(a, b, c, d) { .bytes = { [10] = 255, [11] = 255, a, b, c, d }, .version = 4 }

const struct sample samples[3] = {
	{ .pid = 100,
	  .comm = "curl",
	  .container = "web",
	  .remote_addr = V4(10, 0, 0, 1),
	  .remote_port = 443,
	  .bytes = 1536,
	  .mtbs_ns = 250000000,
	  .time = 1700000000123456789,
	  .cookie = UINT64_MAX,
	  .mask = 0xff00,
	  .delta = -5,
	  .load = 12.5 },
	{ .pid = 4000000,
	  .comm = { 'n', 'g', 'i', 'n', 'x', '-', 'w', 'o' }, /* fills its array */
	  .container = "a-long-name-of-a-container",
	  .remote_addr = { .bytes = { 0xfd, [15] = 1 }, .version = 6 },
	  .remote_port = 8080,
	  .bytes = 1ULL << 31,
	  .mtbs_ns = 1500000000,
	  .time = 1700000001000000000,
	  .direction = 1,
	  .failed = true },
	/* bytes that a terminal would obey; no address, no time, no container */
	{ .pid = 22, .comm = "a\033[2J\xff,", .bytes = 10, .errors = 3 },
};
