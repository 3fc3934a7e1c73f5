// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a filter expression: refused with a column, or it decides, and its negation decides otherwise. */
#include <errno.h>

#include "record/where.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sample {
	uint32_t pid;
	int32_t nice;
	int64_t delta_ns;
	char comm[8];
	const char *container, *pod;
	struct ip_addr addr, none_addr;
	uint16_t port;
	uint64_t bytes, gap_ns, last, id;
	double load, rate;
	bool failed;
	uint8_t proto;
};

static const char *const protos[] = { [6] = "TCP", [17] = "UDP" };

static const struct field fields[] = {
	FIELD(struct sample, pid, "", 0, ""),
	FIELD(struct sample, nice, "", 0, ""),
	FIELD(struct sample, delta_ns, "", 0, "", .unit = UNIT_NS),
	FIELD(struct sample, comm, "", 0, ""),
	FIELD(struct sample, container, "", 0, ""),
	FIELD(struct sample, pod, "", 0, ""),
	FIELD(struct sample, addr, "", 0, ""),
	FIELD(struct sample, none_addr, "", 0, ""),
	FIELD(struct sample, port, "", 0, "", .unit = UNIT_PORT),
	FIELD(struct sample, bytes, "", 0, "", .unit = UNIT_BYTES),
	FIELD(struct sample, gap_ns, "", 0, "", .unit = UNIT_NS, .flags = FIELD_ZERO_IS_NONE),
	FIELD(struct sample, last, "", 0, "", .unit = UNIT_TIME),
	FIELD(struct sample, id, "", 0, "", .unit = UNIT_ID),
	FIELD(struct sample, load, "", 0, "", .unit = UNIT_PERCENT),
	FIELD(struct sample, rate, "", 0, "", .unit = UNIT_BYTES),
	FIELD(struct sample, failed, "", 0, ""),
	FIELD(struct sample, proto, "", 0, "", .names = protos, .names_count = ARRAY_SIZE(protos)),
};
static const struct schema schema = { .name = "sample",
				      .fields = fields,
				      .count = ARRAY_SIZE(fields),
				      .record_size = sizeof(struct sample) };

static const struct sample sample = {
	.pid = 4242,
	.nice = -5,
	.delta_ns = -1000,
	.comm = { 'n', 'g', 'i', 'n', 'x', '-', '\xc3', '\xa9' },
	.container = "web",
	.addr = { .bytes = { [10] = 0xff, [11] = 0xff, 10, 1, 2, 3 }, .version = 4 },
	.port = 8080,
	.bytes = 3 << 20,
	.last = 1700000000000000000,
	.id = UINT64_MAX,
	.load = 12.5,
	.rate = 1e6,
	.failed = true,
	.proto = 6,
};

static void check_negation(const char *text, bool matched)
{
	CLEANUP(where_cleanup) struct where *where = NULL;
	_strbuf_ struct strbuf negated = {};

	strbuf_addf(&negated, "!(%s)", text);
	/* it may have become too long, too deep or too many */
	if (!where_parse(strbuf_str(&negated), &schema, &where, NULL) &&
	    where_match(where, &sample) == matched)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(where_cleanup) struct where *where = NULL;
	_free_ char *text = malloc(size + 1);
	struct error err = {};
	int r;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	r = where_parse(text, &schema, &where, &err);
	if (!r) {
		check_negation(text, where_match(where, &sample));
		return 0;
	}
	if (r != -EINVAL || err.code != r || where ||
	    (!str_starts(err.message, "column ") && !str_starts(err.message, "longer than ")))
		abort();
	return 0;
}
