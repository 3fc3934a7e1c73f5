/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A streaming JSON writer into a strbuf: commas are its business; output is always valid UTF-8
 * (bytes that are not become U+FFFD; control characters \u00xx). No indentation: a record is a
 * line.
 */
#pragma once

#include "base/str.h"

enum { JSON_DEPTH_MAX = 16 };

struct json {
	struct strbuf *out; /* not owned */
	unsigned int depth;
	bool comma[JSON_DEPTH_MAX];
};

void json_object_begin(struct json *j, const char *name); /* name NULL at the top or in an array */
void json_object_end(struct json *j);
void json_array_begin(struct json *j, const char *name);
void json_array_end(struct json *j);
void json_string(struct json *j, const char *name, const char *text, size_t len);
void json_text(struct json *j, const char *name, const char *text); /* NULL writes null */
void json_u64(struct json *j, const char *name, uint64_t value);
void json_i64(struct json *j, const char *name, int64_t value);
void json_double(struct json *j, const char *name, double value); /* not finite: null */
void json_boolean(struct json *j, const char *name, bool value);
void json_null(struct json *j, const char *name);

/* The pieces, for other text formats: a quoted string, and a finite number that reads back the same. */
void json_quote(struct strbuf *out, const char *text, size_t len);
void json_number(struct strbuf *out, double value);
