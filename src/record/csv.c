// SPDX-License-Identifier: GPL-2.0-or-later
/* `-o csv`: RFC 4180, so lines end in CR LF. The values are those of JSON; a missing one is empty. */
#include "record/sink.h"

static void csv_cell(struct strbuf *out, const char *text, size_t len)
{
	bool quote = false;

	for (size_t i = 0; i < len && !quote; i++)
		quote = strchr(",\"\r\n", text[i]) != NULL;
	if (!quote) {
		strbuf_add(out, text, len);
		return;
	}
	strbuf_addc(out, '"');
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			strbuf_addc(out, '"');
		strbuf_addc(out, text[i]);
	}
	strbuf_addc(out, '"');
}

static void csv_begin(struct output *out)
{
	struct strbuf *to = &out->writer.buf;

	for (size_t i = 0; i < out->columns_count && out->headers; i++) {
		if (i)
			strbuf_addc(to, ',');
		strbuf_adds(to, out->columns[i]->name);
	}
	if (out->headers)
		strbuf_adds(to, "\r\n");
}

static void csv_row(struct output *out, const void *record)
{
	_strbuf_ struct strbuf cell = {}, safe = {};
	struct strbuf *to = &out->writer.buf;

	for (size_t i = 0; i < out->columns_count; i++) {
		if (i)
			strbuf_addc(to, ',');
		strbuf_reset(&cell);
		text_raw(out->columns[i], record, &cell);
		if (!out->terminal) {
			csv_cell(to, strbuf_str(&cell), cell.len);
			continue;
		}
		/* a terminal would obey what a file only keeps */
		strbuf_reset(&safe);
		strbuf_add_escaped(&safe, strbuf_str(&cell), cell.len);
		csv_cell(to, strbuf_str(&safe), safe.len);
	}
	strbuf_adds(to, "\r\n");
	if (cell.failed || safe.failed)
		to->failed = true;
}

const struct sink csv_sink = { .begin = csv_begin, .row = csv_row };
