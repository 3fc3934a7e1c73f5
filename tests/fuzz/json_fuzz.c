// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any calls to the JSON writer, any bytes as text: json-c must read it all back. The input is a script:
 * a byte says what to write next, the bytes behind it are its value.
 */
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>

#include "record/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct script {
	const uint8_t *at, *end;
};

static uint64_t take(struct script *s, size_t bytes)
{
	uint64_t value = 0;

	for (; bytes && s->at < s->end; bytes--)
		value = value << 8 | *s->at++;
	return value;
}

/* What the text becomes: bytes that are no UTF-8 are U+FFFD. */
static void replaced(const char *text, size_t len, struct strbuf *out)
{
	for (size_t i = 0, n; i < len; i += n ? n : 1) {
		n = utf8_len(text + i, len - i);
		if (n)
			strbuf_add(out, text + i, n);
		else
			strbuf_adds(out, "\xef\xbf\xbd");
	}
}

/* As strict as json-c can be; its 0.18 takes every byte above 127 for a control character when it is strict. */
static int reader_flags(void)
{
	return JSON_TOKENER_VALIDATE_UTF8 |
	       (json_c_version_num() >> 8 == 18 ? 0 : JSON_TOKENER_STRICT);
}

static void check_text(const char *text, size_t len)
{
	_strbuf_ struct strbuf out = {}, want = {};
	struct json_tokener *tokener = json_tokener_new();
	struct json j = { .out = &out };
	struct json_object *read;

	json_string(&j, NULL, text, len);
	replaced(text, len, &want);
	json_tokener_set_flags(tokener, reader_flags());
	read = json_tokener_parse_ex(tokener, strbuf_str(&out), (int)out.len + 1);
	if (!read || json_object_get_string_len(read) != (int)want.len ||
	    memcmp(json_object_get_string(read), strbuf_str(&want), want.len))
		abort();
	json_object_put(read);
	json_tokener_free(tokener);
}

static void check_double(double value)
{
	_strbuf_ struct strbuf out = {};
	struct json j = { .out = &out };

	json_double(&j, NULL, value);
	if (isfinite(value) ? strtod(strbuf_str(&out), NULL) != value
			    : !str_eq(strbuf_str(&out), "null"))
		abort();
}

static void write_one(struct json *j, struct script *s, unsigned int *arrays)
{
	bool in_array = *arrays >> j->depth & 1;
	uint64_t what = take(s, 1), len;
	const char *text;
	char key[24];
	double d;

	snprintf(key, sizeof(key), "k%zu", (size_t)(s->end - s->at));
	switch (what % 8) {
	case 0: json_u64(j, in_array ? NULL : key, take(s, 8)); break;
	case 1: json_i64(j, in_array ? NULL : key, (int64_t)take(s, 8)); break;
	case 2:
		len = take(s, 8);
		memcpy(&d, &len, sizeof(d));
		check_double(d);
		json_double(j, in_array ? NULL : key, d);
		break;
	case 3:
		len = take(s, 1);
		len = MIN(len, (uint64_t)(s->end - s->at));
		text = (const char *)s->at;
		s->at += len;
		check_text(text, len);
		json_string(j, in_array ? NULL : key, text, len);
		break;
	case 4:
	case 5:
		if (j->depth == JSON_DEPTH_MAX)
			break;
		if (what % 8 == 4)
			json_object_begin(j, in_array ? NULL : key);
		else
			json_array_begin(j, in_array ? NULL : key);
		*arrays &= ~(1u << j->depth);
		*arrays |= (unsigned int)(what % 8 == 5) << j->depth;
		break;
	case 6:
		if (j->depth == 1)
			json_boolean(j, in_array ? NULL : key, what & 8);
		else if (in_array)
			json_array_end(j);
		else
			json_object_end(j);
		break;
	default: json_null(j, in_array ? NULL : key); break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct script s = { .at = data, .end = data + size };
	struct json_tokener *tokener = json_tokener_new();
	_strbuf_ struct strbuf out = {};
	struct json j = { .out = &out };
	struct json_object *read;
	unsigned int arrays = 0; /* a bit for each depth that is an array */

	json_object_begin(&j, NULL);
	while (s.at < s.end)
		write_one(&j, &s, &arrays);
	while (j.depth) {
		if (arrays >> j.depth & 1)
			json_array_end(&j);
		else
			json_object_end(&j);
	}
	json_tokener_set_flags(tokener, reader_flags());
	read = json_tokener_parse_ex(tokener, strbuf_str(&out), (int)out.len + 1);
	if (!read || out.failed)
		abort();
	json_object_put(read);
	json_tokener_free(tokener);
	return 0;
}
