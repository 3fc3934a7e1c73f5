/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filter expressions over records: --where 'bytes > 1M && container == web'.
 *
 *	expr    = and { ("||" | "or") and }
 *	and     = not { ("&&" | "and") not }
 *	not     = ("!" | "not") not | "(" expr ")" | test
 *	test    = field [ op value ]          a field alone: true when it has a value that is not 0
 *	op      = "==" | "=" | "!=" | "<" | "<=" | ">" | ">=" | "=~" | "!~" | "in" | "not in"
 *	value   = bare word | "quoted" | 'quoted' | "(" value { "," value } ")"   (lists after `in`)
 *
 * Numbers take units by the field (10M, 250ms; a duration must have one); =~ is a glob (* ? [a-z] and
 * \\, over the whole text as fnmatch); `in` takes prefixes (10.0.0.0/8), ranges (8000-8100) and words.
 * Text compares as text, names of an enum without regard to case, addresses as addresses; times are
 * RFC 3339 or today's HH:MM:SS. A field without a value differs from everything and is neither less
 * nor greater; as text it equals "". Parsed once; evaluation allocates nothing.
 */
#pragma once

#include "record/schema.h"

enum { WHERE_TEXT_MAX = 4096, WHERE_NODES_MAX = 256, WHERE_DEPTH_MAX = 32 };

struct where;

/* The language, for people: the FILTERS part of man pages, in reStructuredText without its heading. */
extern const char where_manual[];

/* -EINVAL with the column and what was expected there; the nearest field for an unknown one.
 * Bounded in size and depth. */
int where_parse(const char *text, const struct schema *schema, struct where **ret,
		struct error *err);
void where_free(struct where *where);
CLEANUP_DEFINE(where, struct where, where_free)
/* A NULL `where` passes everything. */
bool where_match(const struct where *where, const void *record);
