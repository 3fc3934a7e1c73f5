/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A schema describes a C struct, the record, as an array of fields. The type of a field comes from
 * the struct's member, so the description cannot drift. From it come tables, JSON, CSV, OpenMetrics,
 * --where, --sort, --columns,
 * --schema and the man page's OUTPUT part.
 *
 *	static const struct field fields[] = {
 *		FIELD(struct flow_record, pid, "PID", 7, "process id"),
 *		FIELD(struct flow_record, bytes, "BYTES", 8, "payload", .unit = UNIT_BYTES, 
 *			.metric = METRIC_COUNTER),
 *	};
 */
#pragma once

#include "base/addr.h"
#include "base/str.h"
#include "base/util.h"

enum field_type {
	FIELD_BOOL,
	FIELD_U8,
	FIELD_U16,
	FIELD_U32,
	FIELD_U64,
	FIELD_I32,
	FIELD_I64,
	FIELD_DOUBLE,
	FIELD_CHARS,  /* char[N]: bytes, need not be terminated nor UTF-8 */
	FIELD_STRING, /* const char *: NULL is "no value" */
	FIELD_ADDR,   /* struct ip_addr; version 0 is "no value" */
};

enum field_unit {
	UNIT_NONE,
	UNIT_BYTES, /* tables: 1.5M; JSON: integer */
	UNIT_NS,    /* a duration: tables: 1.5ms; JSON: integer ns */
	UNIT_TIME, /* u64 ns since the epoch: tables: local time of day; JSON: RFC 3339 UTC with ns;
		      0 is "no value" */
	UNIT_PERCENT, /* double */
	UNIT_HEX,     /* u64 as "0x..." */
	UNIT_ID,      /* u64 that may exceed 2^53: a string in JSON */
	UNIT_PORT,    /* u16; 0 is "no value" */
};

enum field_metric { METRIC_NONE, METRIC_LABEL, METRIC_COUNTER, METRIC_GAUGE };

enum field_flags {
	FIELD_WIDE = 1 << 0,   /* not in the default table, in `wide` */
	FIELD_HIDDEN = 1 << 1, /* in neither; JSON and CSV have it, --columns may name it */
	FIELD_AUTO = 1 << 2,   /* in the tables only when some row has a value other than zero */
	FIELD_ZERO_IS_NONE = 1 << 3, /* 0 means "no value": `-` in tables, null in JSON */
	FIELD_STRETCH = 1 << 4, /* text that may be shortened in the middle ("…") when the terminal
				   is narrow */
	FIELD_TABLE_ONLY = 1 << 5, /* composed for people; JSON, CSV and metrics have its parts */
	FIELD_NO_TABLE =
		1 << 6, /* part of a composed column: in tables only if --columns names it */
};

struct field {
	const char *name; /* snake_case, as in JSON, --where, --columns; mostly the member's name */
	const char *header; /* of the table column */
	const char *help;   /* one line, for --schema, the man page and metrics */
	enum field_type type;
	size_t offset, size;
	unsigned int width; /* least width in columns, while the terminal has room */
	unsigned int flags;
	/* In a terminal too narrow for all columns, those with the highest number are left out first, and said to be;
	 * 0: never. */
	unsigned int yield;
	enum field_unit unit;
	enum field_metric metric;
	const char *const *names; /* for integers: text by value (in range of names_count); shown
				     and compared as text */
	size_t names_count;
	/*
	 * Optional: writes the text that tables show (and `classic` asks for) instead of the plain
	 * value. Gets the record; text need not be escaped.
	 */
	void (*format)(const void *record, char *buf, size_t size);
};

#define FIELD_TYPE_OF(x)                    \
	_Generic((x),                       \
		bool: FIELD_BOOL,           \
		uint8_t: FIELD_U8,          \
		uint16_t: FIELD_U16,        \
		uint32_t: FIELD_U32,        \
		uint64_t: FIELD_U64,        \
		int32_t: FIELD_I32,         \
		int64_t: FIELD_I64,         \
		double: FIELD_DOUBLE,       \
		char *: FIELD_CHARS,        \
		const char *: FIELD_STRING, \
		struct ip_addr: FIELD_ADDR)
#define FIELD_AS(n, st, m, head, w, h, ...)    \
	{ .name = n,                           \
	  .header = head,                      \
	  .help = h,                           \
	  .type = FIELD_TYPE_OF(((st *)0)->m), \
	  .offset = offsetof(st, m),           \
	  .size = sizeof(((st *)0)->m),        \
	  .width = w,                          \
	  __VA_ARGS__ }
#define FIELD(st, m, head, w, h, ...) FIELD_AS(#m, st, m, head, w, h, __VA_ARGS__)

struct schema {
	const char *name; /* "flow": JSON "type", metric prefix skep_flow_ */
	const char *help;
	const struct field *fields;
	size_t count;
	size_t record_size;
	/* Table titles: rows are grouped by this text (in order of titles); NULL: one table without
	 * a title. */
	const char *const *titles; /* ends in NULL */
	unsigned int (*title_of)(const void *record);
	/*
	 * `-o classic`: prints the whole frame in the old form to `out`. NULL: there is none. Text from
	 * outside (comm, names) must go through strbuf_add_escaped: this may be a terminal.
	 */
	void (*classic)(const void *const *records, size_t count, struct strbuf *out);
};

const struct field *schema_field(const struct schema *schema, const char *name);
/* The field whose name a mistyped one probably meant; NULL when none is near. */
const struct field *schema_nearest(const struct schema *schema, const char *name);

/*
 * A field's value, taken out of a record. Text points into the record (or is one of `names`).
 * An integer with `names` is VALUE_TEXT when its number has a name, else VALUE_UNSIGNED or SIGNED;
 * a bool is VALUE_UNSIGNED 0 or 1.
 */
enum value_kind { VALUE_NONE, VALUE_UNSIGNED, VALUE_SIGNED, VALUE_DOUBLE, VALUE_TEXT, VALUE_ADDR };
struct value {
	enum value_kind kind;
	union {
		uint64_t u;
		int64_t i;
		double d;
		struct {
			const char *text;
			size_t len;
		};
		struct ip_addr addr;
	};
};
struct value field_value(const struct field *field, const void *record);
