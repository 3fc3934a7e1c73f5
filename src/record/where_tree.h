/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parsed filter expression, between where_parse.c and where.c. Nodes and constants stand in
 * arrays and refer to each other by index.
 */
#pragma once

#include "base/vec.h"
#include "record/where.h"

/* How the constants of a test compare; chosen when parsing, from the field's type. */
enum where_class {
	CLASS_UNSIGNED,
	CLASS_SIGNED,
	CLASS_DOUBLE,
	CLASS_TEXT,
	CLASS_NAME, /* an integer with names: a constant is a name, or a number without one */
	CLASS_ADDR
};

enum where_op {
	OP_TRUTH, /* a field alone */
	OP_EQ,
	OP_NE,
	OP_LT,
	OP_LE,
	OP_GT,
	OP_GE,
	OP_GLOB,
	OP_NOT_GLOB,
	OP_IN,
	OP_NOT_IN
};

struct where_const {
	union {
		struct {
			uint64_t first, last; /* equal unless a range was given */
		} u;
		struct {
			int64_t first, last;
		} i;
		struct {
			double first, last;
		} d;
		struct {
			const char
				*text; /* into struct where's text; NULL (CLASS_NAME): see number */
			size_t len;
			int64_t number;
		} t;
		struct ip_prefix prefix;
	};
};

struct where_node {
	enum { NODE_AND, NODE_OR, NODE_NOT, NODE_TEST } kind;
	unsigned int left, right; /* NODE_NOT: left */
	const struct field *field;
	enum where_class class;
	enum where_op op;
	unsigned int first, count; /* constants */
};

struct where {
	VEC(struct where_node) nodes;
	VEC(struct where_const) consts;
	unsigned int root;
	char *text; /* owned: unquoted words, each terminated */
	size_t text_len;
};

enum where_class where_class_of(const struct field *field);
