// SPDX-License-Identifier: GPL-2.0-or-later
/* Values as text: for people in tables, and raw for JSON, CSV and metrics. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "base/num.h"
#include "record/sink.h"

enum { FORMAT_SIZE = 512 }; /* for a field's own format() */

void text_rfc3339(uint64_t ns, struct strbuf *out)
{
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strbuf_addf(out, "%04d-%02d-%02dT%02d:%02d:%02d.%09uZ", tm.tm_year + 1900, tm.tm_mon + 1,
		    tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (unsigned int)(ns % 1000000000));
}

static void time_of_day(uint64_t ns, struct strbuf *out)
{
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm;

	localtime_r(&seconds, &tm);
	strbuf_addf(out, "%02d:%02d:%02d.%03u", tm.tm_hour, tm.tm_min, tm.tm_sec,
		    (unsigned int)(ns % 1000000000 / 1000000));
}

static void magnitude(enum field_unit unit, uint64_t value, struct strbuf *out)
{
	char buf[16];

	if (unit == UNIT_BYTES)
		strbuf_adds(out, num_format_size(value, buf));
	else if (unit == UNIT_NS)
		strbuf_adds(out, num_format_duration(value, buf));
	else if (unit == UNIT_TIME)
		time_of_day(value, out);
	else if (unit == UNIT_HEX)
		strbuf_addf(out, "0x%" PRIx64, value);
	else
		strbuf_addf(out, "%" PRIu64, value);
}

static void double_shown(enum field_unit unit, double value, struct strbuf *out)
{
	double size = fabs(value);

	if (unit == UNIT_PERCENT) {
		strbuf_addf(out, "%.1f%%", value);
	} else if ((unit == UNIT_BYTES || unit == UNIT_NS) && size < 9e18) {
		strbuf_adds(out, value < 0 ? "-" : "");
		magnitude(unit, (uint64_t)size, out);
	} else {
		strbuf_addf(out, size >= 0.1 || size == 0 ? "%.2f" : "%.3g", value);
	}
}

void text_shown(const struct field *field, const void *record, struct strbuf *out)
{
	size_t before = out->len;
	char buf[FORMAT_SIZE];
	struct value v;

	if (field->format) {
		buf[0] = '\0';
		field->format(record, buf, sizeof(buf));
		strbuf_add_escaped(out, buf, strnlen(buf, sizeof(buf)));
		goto done;
	}
	v = field_value(field, record);
	switch (v.kind) {
	case VALUE_NONE: break;
	case VALUE_UNSIGNED:
		if (field->type == FIELD_BOOL)
			strbuf_adds(out, v.u ? "yes" : "no");
		else
			magnitude(field->unit, v.u, out);
		break;
	case VALUE_SIGNED:
		strbuf_adds(out, v.i < 0 ? "-" : "");
		magnitude(field->unit, v.i < 0 ? -(uint64_t)v.i : (uint64_t)v.i, out);
		break;
	case VALUE_DOUBLE: double_shown(field->unit, v.d, out); break;
	case VALUE_TEXT: strbuf_add_escaped(out, v.text, v.len); break;
	case VALUE_ADDR: strbuf_adds(out, ip_addr_format(&v.addr, buf)); break;
	}
done:
	/* an empty cell would shift the others for awk */
	if (out->len == before)
		strbuf_addc(out, '-');
}

void text_raw(const struct field *field, const void *record, struct strbuf *out)
{
	char buf[FORMAT_SIZE] = "";
	struct value v;

	if ((field->flags & FIELD_TABLE_ONLY) && field->format) {
		field->format(record, buf, sizeof(buf));
		strbuf_add(out, buf, strnlen(buf, sizeof(buf)));
		return;
	}
	v = field_value(field, record);
	switch (v.kind) {
	case VALUE_NONE: break;
	case VALUE_UNSIGNED:
		if (field->type == FIELD_BOOL)
			strbuf_adds(out, v.u ? "true" : "false");
		else if (field->unit == UNIT_TIME)
			text_rfc3339(v.u, out);
		else if (field->unit == UNIT_HEX)
			strbuf_addf(out, "0x%" PRIx64, v.u);
		else
			strbuf_addf(out, "%" PRIu64, v.u);
		break;
	case VALUE_SIGNED: strbuf_addf(out, "%" PRId64, v.i); break;
	case VALUE_DOUBLE:
		if (isfinite(v.d))
			json_number(out, v.d);
		break;
	case VALUE_TEXT: strbuf_add(out, v.text, v.len); break;
	case VALUE_ADDR: strbuf_adds(out, ip_addr_format(&v.addr, buf)); break;
	}
}

bool value_is_some(const struct field *field, const void *record)
{
	struct value v = field_value(field, record);

	switch (v.kind) {
	case VALUE_NONE: return false;
	case VALUE_UNSIGNED: return v.u != 0;
	case VALUE_SIGNED: return v.i != 0;
	case VALUE_DOUBLE: return v.d != 0;
	case VALUE_TEXT: return v.len != 0;
	case VALUE_ADDR: return true;
	}
	return false;
}
