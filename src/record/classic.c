// SPDX-License-Identifier: GPL-2.0-or-later
/* `-o classic`: the form of the program that the source descends from, written by the source itself. */
#include "record/sink.h"

static void classic_frame(struct output *out, struct row *rows, size_t count)
{
	_free_ const void **records = calloc(count ? count : 1, sizeof(*records));

	if (!records) {
		out->writer.buf.failed = true;
		return;
	}
	for (size_t i = 0; i < count; i++)
		records[i] = rows[i].record;
	out->schema->classic((const void *const *)records, count, &out->writer.buf);
}

const struct sink classic_sink = { .frame = classic_frame };
