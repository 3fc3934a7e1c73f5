// SPDX-License-Identifier: GPL-2.0-or-later
/* `-o json`: an object a line. The names and shapes are stable interface. */
#include "record/sink.h"

/* These are text in JSON, whatever they are in C: jq rounds numbers above 2^53, times are for people. */
static bool is_text(const struct field *f)
{
	return f->names || f->unit == UNIT_TIME || f->unit == UNIT_ID || f->unit == UNIT_HEX ||
	       (f->flags & FIELD_TABLE_ONLY);
}

static void member(struct json *j, const struct field *f, const void *record,
		   struct strbuf *scratch)
{
	struct value v = field_value(f, record);

	if (v.kind == VALUE_NONE && !(f->flags & FIELD_TABLE_ONLY)) {
		json_null(j, f->name);
	} else if (is_text(f) || v.kind == VALUE_ADDR) {
		strbuf_reset(scratch);
		text_raw(f, record, scratch);
		json_string(j, f->name, strbuf_str(scratch), scratch->len);
	} else if (v.kind == VALUE_TEXT) {
		json_string(j, f->name, v.text, v.len);
	} else if (f->type == FIELD_BOOL) {
		json_boolean(j, f->name, v.u != 0);
	} else if (v.kind == VALUE_UNSIGNED) {
		json_u64(j, f->name, v.u);
	} else if (v.kind == VALUE_SIGNED) {
		json_i64(j, f->name, v.i);
	} else {
		json_double(j, f->name, v.d);
	}
}

static void json_row(struct output *out, const void *record)
{
	_strbuf_ struct strbuf scratch = {};
	struct json j = { .out = &out->writer.buf };

	json_object_begin(&j, NULL);
	json_text(&j, "type", out->schema->name);
	for (size_t i = 0; i < out->columns_count; i++)
		member(&j, out->columns[i], record, &scratch);
	json_object_end(&j);
	strbuf_addc(j.out, '\n');
	if (scratch.failed)
		j.out->failed = true;
}

static void json_loss(const char *reason, uint64_t count, void *context)
{
	json_u64(context, reason, count);
}

static void nothing(const char *reason, uint64_t count, void *context)
{
	(void)reason;
	(void)count;
	(void)context;
}

static void json_finish(struct output *out, const struct output_summary *summary)
{
	struct json j = { .out = &out->writer.buf };
	uint64_t lost = 0;

	if (!summary)
		return;
	losses_each(summary, &lost, nothing, NULL);
	json_object_begin(&j, NULL);
	json_text(&j, "type", "summary");
	json_u64(&j, "records", out->shown);
	json_u64(&j, "seen", summary->seen);
	json_u64(&j, "lost", lost);
	json_object_begin(&j, "losses");
	losses_each(summary, &lost, json_loss, &j);
	json_object_end(&j);
	json_object_end(&j);
	strbuf_addc(j.out, '\n');
}

const struct sink json_sink = { .row = json_row, .finish = json_finish, .says_summary = true };
