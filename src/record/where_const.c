// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/where_const.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "base/num.h"

/* "2026-11-20T14:05:00.5Z", with an offset instead of Z, or "14:05:00": today, local time. */
static int time_parse(const char *text, uint64_t *ret)
{
	struct tm tm = {};
	time_t seconds;
	uint64_t part = 0, scale = 1000000000;
	bool day = strchr(text, 'T') != NULL;
	const char *p;

	if (!day) {
		time_t now = time(NULL);

		localtime_r(&now, &tm);
		tm.tm_isdst = -1;
	}
	p = strptime(text, day ? "%Y-%m-%dT%H:%M:%S" : "%H:%M:%S", &tm);
	if (!p)
		return -EINVAL;
	seconds = day ? timegm(&tm) : mktime(&tm);
	if (*p == '.') {
		for (p++; *p >= '0' && *p <= '9' && scale > 1; p++) {
			scale /= 10;
			part += (uint64_t)(*p - '0') * scale;
		}
	}
	if (day && (*p == '+' || *p == '-')) {
		unsigned int hours, minutes;
		int used = 0, sign = *p == '-' ? 1 : -1;

		if (sscanf(p + 1, "%2u:%2u%n", &hours, &minutes, &used) != 2 || used != 5)
			return -EINVAL;
		seconds += sign * (time_t)(hours * 3600 + minutes * 60);
		p += 6;
	} else if (day && *p++ != 'Z') {
		return -EINVAL;
	}
	if (*p || seconds < 0 || seconds >= INT64_MAX / 1000000000)
		return -EINVAL;
	*ret = (uint64_t)seconds * 1000000000 + part;
	return 0;
}

static bool is_number(const char *word)
{
	return word[strspn(word, "0123456789.")] == '\0';
}

static int unsigned_parse(const struct field *f, const char *word, uint64_t *ret, struct error *err)
{
	if (f->type == FIELD_BOOL) {
		bool yes = str_eq(word, "true") || str_eq(word, "yes") || str_eq(word, "1");

		if (!yes && !str_eq(word, "false") && !str_eq(word, "no") && !str_eq(word, "0"))
			return error_set(err, -EINVAL, "%s is true or false; %s is neither",
					 f->name, word);
		*ret = yes;
		return 0;
	}
	switch (f->unit) {
	case UNIT_BYTES: return num_parse_size(word, 0, UINT64_MAX, ret, err);
	case UNIT_NS:
		if (is_number(word) && !str_eq(word, "0"))
			return error_set(err, -EINVAL, "%s is a time; write a unit (such as %sms)",
					 f->name, word);
		return num_parse_duration(word, 0, UINT64_MAX, ret, err);
	case UNIT_TIME:
		if (time_parse(word, ret))
			return error_set(
				err, -EINVAL,
				"%s: not a time (such as 2026-01-31T12:00:00Z or 12:00:00)", word);
		return 0;
	default: return num_parse(word, 0, UINT64_MAX, ret, err);
	}
}

static int signed_parse(const struct field *f, const char *word, int64_t *ret, struct error *err)
{
	bool negative = *word == '-';
	uint64_t value = 0;
	int r;

	if (f->unit != UNIT_BYTES && f->unit != UNIT_NS)
		return num_parse_signed(word, INT64_MIN, INT64_MAX, ret, err);
	r = unsigned_parse(f, word + negative, &value, err);
	if (r)
		return r;
	if (value > INT64_MAX)
		return error_set(err, -ERANGE, "%s: too big", word);
	*ret = negative ? -(int64_t)value : (int64_t)value;
	return 0;
}

static int double_parse(const struct field *f, const char *word, double *ret, struct error *err)
{
	size_t len = strlen(word), figures = strspn(word, "0123456789.eE+-");
	uint64_t scaled = 0;
	double value;
	char *end;
	int r;

	if (f->unit == UNIT_BYTES || f->unit == UNIT_NS) {
		r = unsigned_parse(f, word, &scaled, err);
		if (!r)
			*ret = (double)scaled;
		return r;
	}
	value = strtod(word, &end);
	if (f->unit == UNIT_PERCENT && *end == '%')
		end++;
	/* by its figures, because strtod would also take nan, inf and hexadecimal */
	if (end == word || *end || figures + (end[-1] == '%') != len || !isfinite(value))
		return error_set(err, -EINVAL, "%s: not a number", word);
	*ret = value;
	return 0;
}

static int number_parse(const struct where_node *n, const char *word, bool last,
			struct where_const *c, struct error *err)
{
	const struct field *f = n->field;

	switch (n->class) {
	case CLASS_UNSIGNED: return unsigned_parse(f, word, last ? &c->u.last : &c->u.first, err);
	case CLASS_SIGNED: return signed_parse(f, word, last ? &c->i.last : &c->i.first, err);
	default: return double_parse(f, word, last ? &c->d.last : &c->d.first, err);
	}
}

/* Says what the field is, because "not a number" alone leaves the reader to guess why it must be one. */
static int number_error(const struct where_node *n, const char *word, struct error *err)
{
	unsigned char c = (unsigned char)word[*word == '-'];

	if (n->field->type == FIELD_BOOL || n->field->unit == UNIT_TIME || (c >= '0' && c <= '9'))
		return -EINVAL;
	return error_set(err, -EINVAL, "%s is a number; \"%s\" is text", n->field->name, word);
}

static bool const_in_order(const struct where_node *n, const struct where_const *c)
{
	switch (n->class) {
	case CLASS_UNSIGNED: return c->u.first <= c->u.last;
	case CLASS_SIGNED: return c->i.first <= c->i.last;
	default: return c->d.first <= c->d.last;
	}
}

/* A number, or after `in` a range of two. */
static int range_parse(const struct where_node *n, const char *word, struct where_const *ret,
		       struct error *err)
{
	bool ranges = (n->op == OP_IN || n->op == OP_NOT_IN) && n->field->unit != UNIT_TIME;
	const char *dash = ranges && *word ? strchr(word + 1, '-') : NULL;
	struct where_const c = {};
	char first[64];
	int r;

	if (!dash) {
		r = number_parse(n, word, false, &c, err);
		if (!r)
			r = number_parse(n, word, true, &c, err);
		if (r)
			return number_error(n, word, err);
		*ret = c;
		return 0;
	}
	if ((size_t)(dash - word) >= sizeof(first))
		return error_set(err, -EINVAL, "%s: not a range (such as 8000-8100)", word);
	memcpy(first, word, (size_t)(dash - word));
	first[dash - word] = '\0';
	r = number_parse(n, first, false, &c, err);
	if (!r)
		r = number_parse(n, dash + 1, true, &c, err);
	if (r)
		return number_error(n, word, err);
	if (!const_in_order(n, &c))
		return error_set(err, -EINVAL, "%s: the range ends before it begins", word);
	*ret = c;
	return 0;
}

static int name_unknown(const struct field *f, const char *word, struct error *err)
{
	char list[256] = "";
	size_t len = 0;

	for (size_t i = 0; i < f->names_count; i++) {
		if (!f->names[i])
			continue;
		if (len + strlen(f->names[i]) + 8 > sizeof(list)) {
			snprintf(list + len, sizeof(list) - len, ", ...");
			break;
		}
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", len ? ", " : "",
					f->names[i]);
	}
	return error_set(err, -EINVAL, "%s is never %s; it is one of %s", f->name, word, list);
}

static int name_parse(const struct where_node *n, const char *word, struct where_const *ret,
		      struct error *err)
{
	const struct field *f = n->field;
	struct where_const c = {};

	if (n->op == OP_GLOB || n->op == OP_NOT_GLOB) {
		c.t.text = word;
		c.t.len = strlen(word);
		*ret = c;
		return 0;
	}
	for (size_t i = 0; i < f->names_count; i++) {
		if (f->names[i] && !strcasecmp(f->names[i], word)) {
			c.t.text = f->names[i];
			c.t.len = strlen(f->names[i]);
			*ret = c;
			return 0;
		}
	}
	/* what has no name shows as its number */
	if (num_parse_signed(word, INT64_MIN, INT64_MAX, &c.t.number, NULL))
		return name_unknown(f, word, err);
	if (c.t.number >= 0 && (uint64_t)c.t.number < f->names_count && f->names[c.t.number]) {
		c.t.text = f->names[c.t.number];
		c.t.len = strlen(c.t.text);
	}
	*ret = c;
	return 0;
}

static int addr_parse(const struct where_node *n, const char *word, struct where_const *ret,
		      struct error *err)
{
	bool in = n->op == OP_IN || n->op == OP_NOT_IN;
	int r;

	if (!in && strchr(word, '/'))
		return error_set(err, -EINVAL, "%s is a prefix; write %s in %s", word,
				 n->field->name, word);
	r = ip_prefix_parse(word, &ret->prefix, err);
	if (r && !strchr(word, '/'))
		return error_set(err, -EINVAL, "%s is an IP address; \"%s\" is not one",
				 n->field->name, word);
	return r;
}

/* The operators that the class has no meaning for. */
static int op_check(const struct where_node *n, struct error *err)
{
	bool glob = n->op == OP_GLOB || n->op == OP_NOT_GLOB;
	bool order = n->op >= OP_LT && n->op <= OP_GE;
	bool in = n->op == OP_IN || n->op == OP_NOT_IN;
	const char *name = n->field->name;

	if (glob && n->class == CLASS_ADDR)
		return error_set(err, -EINVAL, "%s is an IP address; use == or in, not =~", name);
	if (glob && n->class != CLASS_TEXT && n->class != CLASS_NAME)
		return error_set(err, -EINVAL, "%s is %s; =~ is for text", name,
				 n->field->type == FIELD_BOOL ? "true or false" : "a number");
	if (order && n->class == CLASS_ADDR)
		return error_set(err, -EINVAL, "%s is an IP address; use == or in, not < and >",
				 name);
	if (order && (n->class == CLASS_NAME || n->field->type == FIELD_BOOL))
		return error_set(err, -EINVAL, "%s has no order; use == or !=", name);
	if (in && n->field->unit == UNIT_TIME)
		return error_set(err, -EINVAL, "%s is a time; use >= and <, not in", name);
	return 0;
}

int where_const_parse(const struct where_node *node, const char *word, struct where_const *ret,
		      struct error *err)
{
	int r = op_check(node, err);

	if (r)
		return r;
	switch (node->class) {
	case CLASS_TEXT:
		ret->t.text = word;
		ret->t.len = strlen(word);
		return 0;
	case CLASS_NAME: return name_parse(node, word, ret, err);
	case CLASS_ADDR: return addr_parse(node, word, ret, err);
	default: return range_parse(node, word, ret, err);
	}
}
