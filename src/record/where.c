// SPDX-License-Identifier: GPL-2.0-or-later
/* Evaluates a filter expression; where_parse.c builds it. */
#include <strings.h>

#include "record/glob.h"
#include "record/where_tree.h"

const char where_manual[] =
	"**--where** takes an expression over the fields above::\n\n"
	"    bytes > 1M && container == web\n"
	"    remote_addr in 10.0.0.0/8 and not user = root\n"
	"    comm =~ 'nginx*' or remote_port in (80, 443, 8000-8100)\n"
	"    error\n\n"
	"``&&`` or ``and`` binds stronger than ``||`` or ``or``; ``!`` or ``not`` turns what follows; parentheses group. "
	"A field alone is true when it has a value that is not 0.\n\n"
	"``==`` (or ``=``), ``!=``, ``<``, ``<=``, ``>``, ``>=``\n"
	"    compare. Text compares as text, addresses as addresses; sizes take units (``10M``), so do times (``250ms``; "
	"they must). Points in time are RFC 3339, or ``HH:MM:SS`` of today.\n"
	"``=~``, ``!~``\n"
	"    match a pattern of the shell (``*``, ``?``, ``[a-z]``).\n"
	"``in``, ``not in``\n"
	"    take a value, a range (``8000-8100``), an address prefix, or a list of these in parentheses.\n\n"
	"Values with blanks or signs stand in quotes, ``'...'`` or ``\"...\"``.\n";

enum where_class where_class_of(const struct field *field)
{
	if (field->names)
		return CLASS_NAME;
	switch (field->type) {
	case FIELD_CHARS:
	case FIELD_STRING: return CLASS_TEXT;
	case FIELD_ADDR: return CLASS_ADDR;
	case FIELD_DOUBLE: return CLASS_DOUBLE;
	case FIELD_I32:
	case FIELD_I64: return CLASS_SIGNED;
	default: return CLASS_UNSIGNED;
	}
}

static bool text_eq(const struct value *v, const struct where_const *c)
{
	return v->len == c->t.len && !memcmp(v->text, c->t.text, v->len);
}

static bool name_eq(const struct value *v, const struct where_const *c)
{
	if (c->t.text)
		return v->kind == VALUE_TEXT && v->len == c->t.len &&
		       !strncasecmp(v->text, c->t.text, v->len);
	if (v->kind == VALUE_UNSIGNED)
		return v->u <= INT64_MAX && (int64_t)v->u == c->t.number;
	return v->kind == VALUE_SIGNED && v->i == c->t.number;
}

/* Equal, or inside the range or prefix. */
static bool const_has(enum where_class class, const struct value *v, const struct where_const *c)
{
	switch (class) {
	case CLASS_UNSIGNED: return v->u >= c->u.first && v->u <= c->u.last;
	case CLASS_SIGNED: return v->i >= c->i.first && v->i <= c->i.last;
	case CLASS_DOUBLE: return v->d >= c->d.first && v->d <= c->d.last;
	case CLASS_TEXT: return text_eq(v, c);
	case CLASS_NAME: return name_eq(v, c);
	case CLASS_ADDR: return ip_prefix_has(&c->prefix, &v->addr);
	}
	return false;
}

static int text_order(const struct value *v, const struct where_const *c)
{
	int r = memcmp(v->text, c->t.text, MIN(v->len, c->t.len));

	return r ? r : (v->len > c->t.len) - (v->len < c->t.len);
}

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

/* Below 0, 0 or above 0, as memcmp; only for classes that have an order. */
static int const_order(enum where_class class, const struct value *v, const struct where_const *c)
{
	switch (class) {
	case CLASS_UNSIGNED: return ORDER(v->u, c->u.first);
	case CLASS_SIGNED: return ORDER(v->i, c->i.first);
	case CLASS_DOUBLE: return ORDER(v->d, c->d.first);
	case CLASS_TEXT: return text_order(v, c);
	case CLASS_NAME:
	case CLASS_ADDR: break; /* refused when parsed */
	}
	return 0;
}

/* A glob over an enum is over its name; a number without a name matches none. */
static bool const_glob(enum where_class class, const struct value *v, const struct where_const *c)
{
	return v->kind == VALUE_TEXT &&
	       glob_matches(c->t.text, c->t.len, v->text, v->len, class == CLASS_NAME);
}

static bool truth(const struct value *v)
{
	switch (v->kind) {
	case VALUE_NONE: return false;
	case VALUE_UNSIGNED: return v->u != 0;
	case VALUE_SIGNED: return v->i != 0;
	case VALUE_DOUBLE: return v->d != 0;
	case VALUE_TEXT: return v->len != 0;
	case VALUE_ADDR: return !ip_addr_is_any(&v->addr);
	}
	return false;
}

/*
 * The value that a test sees. Zero that means "no value" is still the number zero here, so that
 * `errors == 0` finds what tables show as "-"; a missing text is "".
 */
static struct value test_value(const struct where_node *n, const void *record)
{
	struct value v = field_value(n->field, record);

	if (v.kind != VALUE_NONE || n->op == OP_TRUTH)
		return v;
	if (n->class == CLASS_TEXT && n->op != OP_GLOB && n->op != OP_NOT_GLOB)
		v = (struct value){ .kind = VALUE_TEXT, .text = "" };
	else if (n->field->unit == UNIT_TIME || n->class == CLASS_ADDR || n->class == CLASS_TEXT)
		return v;
	else if (n->class == CLASS_UNSIGNED || n->class == CLASS_NAME)
		v = (struct value){ .kind = VALUE_UNSIGNED };
	else if (n->class == CLASS_SIGNED)
		v = (struct value){ .kind = VALUE_SIGNED };
	else if (n->field->flags & FIELD_ZERO_IS_NONE)
		v = (struct value){ .kind = VALUE_DOUBLE };
	return v;
}

static bool test_match(const struct where *w, const struct where_node *n, const void *record)
{
	struct value v = test_value(n, record);
	bool none = v.kind == VALUE_NONE, found = false;
	const struct where_const *c;

	if (n->op == OP_TRUTH)
		return truth(&v);
	c = &w->consts.data[n->first];
	switch (n->op) {
	case OP_LT: return !none && const_order(n->class, &v, c) < 0;
	case OP_LE: return !none && const_order(n->class, &v, c) <= 0;
	case OP_GT: return !none && const_order(n->class, &v, c) > 0;
	case OP_GE: return !none && const_order(n->class, &v, c) >= 0;
	case OP_GLOB: return !none && const_glob(n->class, &v, c);
	case OP_NOT_GLOB: return none || !const_glob(n->class, &v, c);
	default: break;
	}
	for (unsigned int i = 0; i < n->count && !none && !found; i++)
		found = const_has(n->class, &v, c + i);
	return found == (n->op == OP_EQ || n->op == OP_IN);
}

/* As deep as the tree: at most WHERE_NODES_MAX. */
static bool node_match(const struct where *w, unsigned int at, const void *record)
{
	const struct where_node *n = &w->nodes.data[at];

	switch (n->kind) {
	case NODE_AND: return node_match(w, n->left, record) && node_match(w, n->right, record);
	case NODE_OR: return node_match(w, n->left, record) || node_match(w, n->right, record);
	case NODE_NOT: return !node_match(w, n->left, record);
	case NODE_TEST: return test_match(w, n, record);
	}
	return false;
}

bool where_match(const struct where *where, const void *record)
{
	return !where || node_match(where, where->root, record);
}

void where_free(struct where *where)
{
	if (!where)
		return;
	vec_free(&where->nodes);
	vec_free(&where->consts);
	free(where->text);
	free(where);
}
