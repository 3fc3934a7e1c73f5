// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/json.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

/* Commas and the key, in front of each value. */
static void value_begin(struct json *j, const char *name)
{
	if (j->depth) {
		if (j->comma[j->depth - 1])
			strbuf_addc(j->out, ',');
		j->comma[j->depth - 1] = true;
	}
	if (name) {
		json_quote(j->out, name, strlen(name));
		strbuf_addc(j->out, ':');
	}
}

static void nest(struct json *j, const char *name, char open)
{
	value_begin(j, name);
	strbuf_addc(j->out, open);
	assert(j->depth < JSON_DEPTH_MAX);
	j->comma[j->depth++] = false;
}

static void unnest(struct json *j, char shut)
{
	assert(j->depth);
	j->depth--;
	strbuf_addc(j->out, shut);
}

void json_object_begin(struct json *j, const char *name)
{
	nest(j, name, '{');
}

void json_object_end(struct json *j)
{
	unnest(j, '}');
}

void json_array_begin(struct json *j, const char *name)
{
	nest(j, name, '[');
}

void json_array_end(struct json *j)
{
	unnest(j, ']');
}

static void add_special(struct strbuf *out, unsigned char c)
{
	switch (c) {
	case '"': strbuf_adds(out, "\\\""); break;
	case '\\': strbuf_adds(out, "\\\\"); break;
	case '\n': strbuf_adds(out, "\\n"); break;
	case '\r': strbuf_adds(out, "\\r"); break;
	case '\t': strbuf_adds(out, "\\t"); break;
	default: strbuf_addf(out, "\\u%04x", c); break;
	}
}

/* U+0080..U+009F: control characters that a terminal may obey, two bytes long. */
static bool is_c1(const char *s, size_t n)
{
	return n == 2 && (unsigned char)s[0] == 0xc2 && (unsigned char)s[1] < 0xa0;
}

void json_quote(struct strbuf *out, const char *text, size_t len)
{
	size_t plain = 0; /* start of the run that goes out as it is */

	strbuf_addc(out, '"');
	for (size_t i = 0, n; i < len; i += n) {
		unsigned char c = (unsigned char)text[i];

		n = 1;
		if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\')
			continue;
		n = utf8_len(text + i, len - i);
		if (n > 1 && !is_c1(text + i, n))
			continue;
		strbuf_add(out, text + plain, i - plain);
		if (n == 1)
			add_special(out, c);
		else if (n)
			strbuf_addf(out, "\\u%04x", (unsigned char)text[i + 1]);
		else
			strbuf_adds(out, "\xef\xbf\xbd");
		n = n ? n : 1;
		plain = i + n;
	}
	strbuf_add(out, text + plain, len - plain);
	strbuf_addc(out, '"');
}

void json_string(struct json *j, const char *name, const char *text, size_t len)
{
	value_begin(j, name);
	json_quote(j->out, text, len);
}

void json_text(struct json *j, const char *name, const char *text)
{
	if (text)
		json_string(j, name, text, strlen(text));
	else
		json_null(j, name);
}

/* Most of a record is integers: printf would take half of the time. */
static void add_u64(struct strbuf *out, uint64_t value)
{
	char text[20], *at = text + sizeof(text);

	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	strbuf_add(out, at, (size_t)(text + sizeof(text) - at));
}

void json_u64(struct json *j, const char *name, uint64_t value)
{
	value_begin(j, name);
	add_u64(j->out, value);
}

void json_i64(struct json *j, const char *name, int64_t value)
{
	value_begin(j, name);
	if (value < 0)
		strbuf_addc(j->out, '-');
	add_u64(j->out, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

void json_number(struct strbuf *out, double value)
{
	char text[40];

	/* the shortest that reads back as the same number */
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	/* a locale may have another decimal point */
	for (char *p = text; *p; p++) {
		if (!strchr("0123456789+-e", *p))
			*p = '.';
	}
	strbuf_adds(out, text);
}

void json_double(struct json *j, const char *name, double value)
{
	if (!isfinite(value)) {
		json_null(j, name);
		return;
	}
	value_begin(j, name);
	json_number(j->out, value);
}

void json_boolean(struct json *j, const char *name, bool value)
{
	value_begin(j, name);
	strbuf_adds(j->out, value ? "true" : "false");
}

void json_null(struct json *j, const char *name)
{
	value_begin(j, name);
	strbuf_adds(j->out, "null");
}
