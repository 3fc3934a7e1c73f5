/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A growing string. A failed allocation is remembered (`failed`) and later additions do nothing, so
 * that a writer checks once at its end; strbuf_str() never returns NULL.
 */
#pragma once

#include <stdarg.h>

#include "base/cleanup.h"
#include "base/util.h"

struct strbuf {
	char *data; /* owned; terminated when not NULL */
	size_t len, size;
	bool failed; /* out of memory at some time */
};

void strbuf_free(struct strbuf *sb);
#define _strbuf_ CLEANUP(strbuf_free)

/* Empties, keeps the memory. */
void strbuf_reset(struct strbuf *sb);
void strbuf_addc(struct strbuf *sb, char c);
void strbuf_add(struct strbuf *sb, const char *bytes, size_t len);
void strbuf_adds(struct strbuf *sb, const char *str);
void strbuf_addf(struct strbuf *sb, const char *fmt, ...) PRINTF_LIKE(2, 3);
void strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);
/*
 * Adds bytes that came from outside so that a terminal shows and never obeys them: C0, C1 and DEL
 * as \xNN, a backslash doubled, invalid UTF-8 as \xNN, valid UTF-8 as it is.
 */
void strbuf_add_escaped(struct strbuf *sb, const char *bytes, size_t len);
/* The text so far, "" when there is none; valid until the next addition. */
const char *strbuf_str(const struct strbuf *sb);

/* Length in bytes (1-4) of the valid UTF-8 sequence at s, 0 if there is none (overlong and
 * surrogates are invalid). */
size_t utf8_len(const char *s, size_t len);
/* Columns that a terminal needs for the text (wcwidth; bytes that are not UTF-8 count 1). */
size_t str_columns(const char *s, size_t len);

/* Copies at most size - 1 bytes and terminates always; returns whether all of it fitted. */
bool str_copy(char *dst, size_t size, const char *src);

/* printf into new memory; NULL when out of memory. The caller frees. */
char *str_printf(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Damerau-Levenshtein distance of two short words (at most 63 bytes count). */
unsigned int str_distance(const char *a, const char *b);

/*
 * The nearest name for a misspelt word, for "did you mean": offer the candidates one by one, then
 * read `best`: NULL when none is near enough.
 */
struct str_nearest {
	const char *word;
	const char *best;
	unsigned int distance; /* of best */
};
void str_nearest_offer(struct str_nearest *nearest, const char *candidate);

/* Whole file into new memory, terminated; -EFBIG above `limit` bytes. `*ret_len` may be NULL. */
int file_read(int dirfd, const char *path, size_t limit, char **ret, size_t *ret_len);
