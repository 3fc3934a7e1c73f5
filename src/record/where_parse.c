// SPDX-License-Identifier: GPL-2.0-or-later
/* Tokens and recursive descent for filter expressions; the grammar stands in where.h. */
#include <errno.h>
#include <stdio.h>

#include "record/where_const.h"

enum token {
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_QUOTED,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_COMMA,
	TOKEN_AND,
	TOKEN_OR,
	TOKEN_NOT,
	TOKEN_OP
};

struct parser {
	const char *text, *at;
	const struct schema *schema;
	struct where *where;
	unsigned int depth;
	struct error *err;

	/* the token that was read last */
	enum token token;
	enum where_op op;
	const char *start; /* for the column */
	const char *word;  /* terminated, in where->text */
};

static int complain_at(struct parser *p, const char *where, int code, const char *fmt, ...)
	PRINTF_LIKE(4, 5);

static int complain_at(struct parser *p, const char *where, int code, const char *fmt, ...)
{
	char message[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	/* people count characters */
	return error_set(p->err, code, "column %zu: %s",
			 str_columns(p->text, (size_t)(where - p->text)) + 1, message);
}

static int wrap_at(struct parser *p, const char *where, int code)
{
	error_wrap(p->err, "column %zu", str_columns(p->text, (size_t)(where - p->text)) + 1);
	return code;
}

static bool is_word_char(char c)
{
	/* control characters and DEL are no part of words; bytes of UTF-8 are */
	return (unsigned char)c > ' ' && c != 0x7f && !strchr("()!=<>&|,'\"", c);
}

static void word_keep(struct parser *p, const char *bytes, size_t len)
{
	char *to = p->where->text + p->where->text_len;

	memcpy(to, bytes, len);
	to[len] = '\0';
	p->where->text_len += len + 1;
	p->word = to;
}

static int token_quoted(struct parser *p)
{
	char *to = p->where->text + p->where->text_len;
	char quote = *p->at++;

	p->word = to;
	p->token = TOKEN_QUOTED;
	for (; *p->at && *p->at != quote; p->at++) {
		if (*p->at == '\\' && (p->at[1] == quote || p->at[1] == '\\'))
			p->at++;
		*to++ = *p->at;
	}
	if (!*p->at)
		return complain_at(p, p->start, -EINVAL, "the quote is not closed");
	p->at++;
	*to++ = '\0';
	p->where->text_len = (size_t)(to - p->where->text);
	return 0;
}

static const struct {
	const char *text;
	enum token token;
	enum where_op op;
} symbols[] = {
	/* the longer ones first */
	{ "&&", TOKEN_AND },	     { "||", TOKEN_OR },	{ "==", TOKEN_OP, OP_EQ },
	{ "=~", TOKEN_OP, OP_GLOB }, { "!=", TOKEN_OP, OP_NE }, { "!~", TOKEN_OP, OP_NOT_GLOB },
	{ "<=", TOKEN_OP, OP_LE },   { ">=", TOKEN_OP, OP_GE }, { "=", TOKEN_OP, OP_EQ },
	{ "<", TOKEN_OP, OP_LT },    { ">", TOKEN_OP, OP_GT },	{ "!", TOKEN_NOT },
	{ "(", TOKEN_OPEN },	     { ")", TOKEN_CLOSE },	{ ",", TOKEN_COMMA },
};

static int token_next(struct parser *p)
{
	const char *end;

	p->at += strspn(p->at, " \t\r\n");
	p->start = p->at;
	if (!*p->at) {
		p->token = TOKEN_END;
		return 0;
	}
	if (*p->at == '"' || *p->at == '\'')
		return token_quoted(p);
	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++) {
		if (str_starts(p->at, symbols[i].text)) {
			p->token = symbols[i].token;
			p->op = symbols[i].op;
			p->at += strlen(symbols[i].text);
			return 0;
		}
	}
	for (end = p->at; is_word_char(*end); end++)
		;
	if (end == p->at && (*p->at == '&' || *p->at == '|'))
		return complain_at(p, p->at, -EINVAL, "a single %c; write %c%c", *p->at, *p->at,
				   *p->at);
	if (end == p->at)
		return complain_at(p, p->at, -EINVAL, "a control character; quote it");
	word_keep(p, p->at, (size_t)(end - p->at));
	p->at = end;
	p->token = TOKEN_WORD;
	return 0;
}

static bool token_is_word(const struct parser *p, const char *word)
{
	return p->token == TOKEN_WORD && str_eq(p->word, word);
}

/* What a complaint calls the token at hand. */
static const char *token_says(const struct parser *p, char buf[static 48])
{
	int len = (int)MIN((size_t)(p->at - p->start), (size_t)40);

	if (p->token == TOKEN_END)
		return "the end";
	snprintf(buf, 48, "%.*s", len, p->start);
	return buf;
}

static int node_add(struct parser *p, struct where_node node, unsigned int *ret)
{
	if (p->where->nodes.len >= WHERE_NODES_MAX)
		return complain_at(p, p->start, -E2BIG, "more than %u tests", WHERE_NODES_MAX);
	if (!vec_push(&p->where->nodes, node))
		return error_errno(p->err, -ENOMEM, "filter");
	*ret = (unsigned int)p->where->nodes.len - 1;
	return 0;
}

/* The value at hand; steps over it. */
static int parse_value(struct parser *p, struct where_node *node)
{
	struct where_const c = {};
	const char *start = p->start;
	char buf[48];
	int r;

	if (p->token != TOKEN_WORD && p->token != TOKEN_QUOTED)
		return complain_at(p, start, -EINVAL, "expected a value for %s, not %s",
				   node->field->name, token_says(p, buf));
	r = where_const_parse(node, p->word, &c, p->err);
	if (r)
		return wrap_at(p, start, -EINVAL);
	if (!vec_push(&p->where->consts, c))
		return error_errno(p->err, -ENOMEM, "filter");
	node->count++;
	return token_next(p);
}

static int parse_values(struct parser *p, struct where_node *node)
{
	bool in = node->op == OP_IN || node->op == OP_NOT_IN;
	char buf[48];
	int r;

	node->first = (unsigned int)p->where->consts.len;
	if (!in || p->token != TOKEN_OPEN)
		return parse_value(p, node);
	do {
		r = token_next(p);
		if (!r)
			r = parse_value(p, node);
		if (r)
			return r;
	} while (p->token == TOKEN_COMMA);
	if (p->token != TOKEN_CLOSE)
		return complain_at(p, p->start, -EINVAL, "expected , or ) in the list, not %s",
				   token_says(p, buf));
	return token_next(p);
}

/* The operator at hand, if there is one; steps over it. */
static int parse_op(struct parser *p, enum where_op *ret)
{
	int r = 0;

	*ret = OP_TRUTH;
	if (p->token == TOKEN_OP) {
		*ret = p->op;
		return token_next(p);
	}
	if (token_is_word(p, "in")) {
		*ret = OP_IN;
		return token_next(p);
	}
	if (token_is_word(p, "not")) {
		r = token_next(p);
		if (r)
			return r;
		if (!token_is_word(p, "in"))
			return complain_at(p, p->start, -EINVAL, "expected in after not");
		*ret = OP_NOT_IN;
		return token_next(p);
	}
	return r;
}

static int parse_test(struct parser *p, unsigned int *ret)
{
	struct where_node node = { .kind = NODE_TEST };
	const struct field *near;
	const char *start = p->start;
	char buf[48];
	int r;

	if (p->token != TOKEN_WORD)
		return complain_at(p, start, -EINVAL, "expected a field, not %s",
				   token_says(p, buf));
	node.field = schema_field(p->schema, p->word);
	if (!node.field) {
		near = schema_nearest(p->schema, p->word);
		if (near)
			return complain_at(p, start, -EINVAL,
					   "unknown field %.80s; did you mean %s?", p->word,
					   near->name);
		return complain_at(p, start, -EINVAL,
				   "unknown field %.80s; --schema lists the fields", p->word);
	}
	node.class = where_class_of(node.field);
	r = token_next(p);
	if (!r)
		r = parse_op(p, &node.op);
	if (!r && node.op != OP_TRUTH)
		r = parse_values(p, &node);
	return r ? r : node_add(p, node, ret);
}

static int parse_or(struct parser *p, unsigned int *ret);

static int parse_parens(struct parser *p, unsigned int *ret)
{
	char buf[48];
	int r = token_next(p);

	if (!r)
		r = parse_or(p, ret);
	if (r)
		return r;
	if (p->token != TOKEN_CLOSE)
		return complain_at(p, p->start, -EINVAL, "expected ), not %s", token_says(p, buf));
	return token_next(p);
}

static int parse_not(struct parser *p, unsigned int *ret)
{
	struct where_node node = { .kind = NODE_NOT };
	int r;

	if (p->token != TOKEN_OPEN && p->token != TOKEN_NOT && !token_is_word(p, "not"))
		return parse_test(p, ret);
	if (p->depth >= WHERE_DEPTH_MAX)
		return complain_at(p, p->start, -E2BIG, "nested more than %u deep",
				   WHERE_DEPTH_MAX);
	p->depth++;
	if (p->token == TOKEN_OPEN) {
		r = parse_parens(p, ret);
	} else {
		r = token_next(p);
		if (!r)
			r = parse_not(p, &node.left);
		if (!r)
			r = node_add(p, node, ret);
	}
	p->depth--;
	return r;
}

static int parse_and(struct parser *p, unsigned int *ret)
{
	struct where_node node = { .kind = NODE_AND };
	int r = parse_not(p, &node.left);

	while (!r && (p->token == TOKEN_AND || token_is_word(p, "and"))) {
		r = token_next(p);
		if (!r)
			r = parse_not(p, &node.right);
		if (!r)
			r = node_add(p, node, &node.left);
	}
	if (!r)
		*ret = node.left;
	return r;
}

static int parse_or(struct parser *p, unsigned int *ret)
{
	struct where_node node = { .kind = NODE_OR };
	int r = parse_and(p, &node.left);

	while (!r && (p->token == TOKEN_OR || token_is_word(p, "or"))) {
		r = token_next(p);
		if (!r)
			r = parse_and(p, &node.right);
		if (!r)
			r = node_add(p, node, &node.left);
	}
	if (!r)
		*ret = node.left;
	return r;
}

int where_parse(const char *text, const struct schema *schema, struct where **ret,
		struct error *err)
{
	CLEANUP(where_cleanup) struct where *where = NULL;
	struct parser p = { .text = text, .at = text, .word = "", .schema = schema, .err = err };
	size_t len = strnlen(text, WHERE_TEXT_MAX + 1);
	char buf[48];
	int r;

	if (len > WHERE_TEXT_MAX)
		return error_set(err, -EINVAL, "longer than %u characters", WHERE_TEXT_MAX);
	where = calloc(1, sizeof(*where));
	if (where)
		/* a word and its end never take more than the word and what is behind it */
		where->text = malloc(2 * len + 2);
	if (!where || !where->text)
		return error_errno(err, -ENOMEM, "filter");
	p.where = where;
	r = token_next(&p);
	if (!r)
		r = parse_or(&p, &where->root);
	if (!r && p.token != TOKEN_END)
		r = complain_at(&p, p.start, -EINVAL, "expected && or || or the end, not %s",
				token_says(&p, buf));
	if (r && r != -ENOMEM) {
		r = -EINVAL;
		if (err)
			err->code = r;
	}
	if (r)
		return r;
	*ret = TAKE_PTR(where);
	return 0;
}
