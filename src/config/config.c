// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loads skep.yaml in two passes. The first looks at libyaml's events and refuses what the second
 * would resolve in silence or without bound: aliases (a billion laughs, cycles), tags, depth, size,
 * a second document. The second loads the document's tree, whose nodes keep their marks.
 */
#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>

#include "config/reader.h"

enum { SIZE_MOST = 4 << 20, DEPTH_MOST = 32, NODES_MOST = 100000 };

static int complain_at(const char *name, yaml_mark_t mark, struct error *err, const char *message)
{
	return error_set(err, -EINVAL, "%s:%zu:%zu: %s", name, mark.line + 1, mark.column + 1,
			 message);
}

int config_complain(struct config_node node, struct error *err, const char *fmt, ...)
{
	char message[sizeof(err->message)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	return complain_at(node.config->name, node.node->start_mark, err, message);
}

int config_complain_wrap(struct config_node node, struct error *err)
{
	yaml_mark_t mark = node.node->start_mark;

	error_wrap(err, "%s:%zu:%zu", node.config->name, mark.line + 1, mark.column + 1);
	if (err)
		err->code = -EINVAL;
	return -EINVAL;
}

int config_complain_unknown(struct config_node key, const struct str_nearest *nearest,
			    struct error *err)
{
	if (nearest->best)
		return config_complain(key, err, "unknown key %s; did you mean %s?", nearest->word,
				       nearest->best);
	return config_complain(key, err, "unknown key %s", nearest->word);
}

static bool is_null(const yaml_node_t *node)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };

	if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(nulls); i++) {
		if (str_eq((const char *)node->data.scalar.value, nulls[i]))
			return true;
	}
	return false;
}

int config_text(struct config_node node, const char *what, const char **ret, struct error *err)
{
	if (node.node->type != YAML_SCALAR_NODE)
		return config_complain(node, err, "%s: one value is wanted here", what);
	if (is_null(node.node))
		return config_complain(node, err, "%s needs a value", what);
	*ret = (const char *)node.node->data.scalar.value;
	return 0;
}

static struct config_node node_at(const struct config *config, int number)
{
	/* libyaml only reads there */
	return (struct config_node){
		config, yaml_document_get_node((yaml_document_t *)&config->document, number)
	};
}

int config_map_each(struct config_node map, const char *what, config_pair_fn fn, void *context,
		    struct error *err)
{
	const yaml_node_pair_t *p;

	if (map.node->type == YAML_SCALAR_NODE && is_null(map.node))
		return 0; /* all that was in it may be commented out */
	if (map.node->type != YAML_MAPPING_NODE)
		return config_complain(map, err, "%s: keys and values are wanted here", what);
	for (p = map.node->data.mapping.pairs.start; p < map.node->data.mapping.pairs.top; p++) {
		int r = fn(node_at(map.config, p->key), node_at(map.config, p->value), context,
			   err);

		if (r)
			return r;
	}
	return 0;
}

int config_list_each(struct config_node list, const char *what, config_node_fn fn, void *context,
		     struct error *err)
{
	const yaml_node_item_t *item;

	if (list.node->type != YAML_SEQUENCE_NODE)
		return config_complain(list, err, "%s: a list is wanted here", what);
	for (item = list.node->data.sequence.items.start; item < list.node->data.sequence.items.top;
	     item++) {
		int r = fn(node_at(list.config, *item), context, err);

		if (r)
			return r;
	}
	return 0;
}

struct map_read {
	const struct config_key *keys;
	void *context;
};

static int read_pair(struct config_node key, struct config_node value, void *context,
		     struct error *err)
{
	const struct map_read *m = context;
	struct str_nearest nearest = { .word = config_key_text(key) };

	for (const struct config_key *k = m->keys; k->name; k++) {
		if (str_eq(k->name, nearest.word))
			return k->read(value, m->context, err);
		str_nearest_offer(&nearest, k->name);
	}
	return config_complain_unknown(key, &nearest, err);
}

int config_map_read(struct config_node map, const char *what, const struct config_key *keys,
		    void *context, struct error *err)
{
	struct map_read m = { keys, context };

	return config_map_each(map, what, read_pair, &m, err);
}

static int read_defaults(struct config_node node, void *context, struct error *err)
{
	struct config *config = context;

	(void)err;
	config->defaults = node;
	return 0;
}

/* The sections of skep.yaml: one row each. */
static const struct config_key sections[] = { { "defaults", read_defaults }, {} };

/* libyaml's complaint about the text itself. */
static int complain_parser(const char *name, const yaml_parser_t *parser, const char *text,
			   struct error *err)
{
	yaml_mark_t mark = parser->problem_mark;

	if (parser->error == YAML_MEMORY_ERROR)
		return error_set(err, -ENOMEM, "%s: out of memory", name);
	if (parser->error == YAML_READER_ERROR) {
		/* about bytes: their place has to be counted */
		mark = (yaml_mark_t){};
		for (size_t i = 0; i < parser->problem_offset; i++) {
			mark.column = text[i] == '\n' ? 0
						      : mark.column + ((text[i] & 0xc0) != 0x80);
			mark.line += text[i] == '\n';
		}
	}
	return complain_at(name, mark, err, parser->problem ? parser->problem : "not YAML");
}

struct guard {
	unsigned int depth, nodes, documents;
};

static const char *guard_properties(const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor)
		return "anchors and aliases are not allowed";
	return tag ? "tags are not allowed" : NULL;
}

static const char *guard_node(struct guard *g, const yaml_event_t *e)
{
	if (++g->nodes > NODES_MOST)
		return "more than 100000 values";
	if (e->type == YAML_SCALAR_EVENT) {
		if (memchr(e->data.scalar.value, 0, e->data.scalar.length))
			return "text with a NUL byte";
		return guard_properties(e->data.scalar.anchor, e->data.scalar.tag);
	}
	if (++g->depth > DEPTH_MOST)
		return "nested deeper than 32";
	if (e->type == YAML_SEQUENCE_START_EVENT)
		return guard_properties(e->data.sequence_start.anchor, e->data.sequence_start.tag);
	return guard_properties(e->data.mapping_start.anchor, e->data.mapping_start.tag);
}

/* What is wrong with this event; NULL: nothing. */
static const char *guard_event(struct guard *g, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT: return g->documents++ ? "more than one document" : NULL;
	case YAML_ALIAS_EVENT: return "anchors and aliases are not allowed";
	case YAML_SCALAR_EVENT:
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT: return guard_node(g, e);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT: g->depth--; return NULL;
	default: return NULL;
	}
}

static void parser_cleanup(yaml_parser_t *parser)
{
	yaml_parser_delete(parser);
}

static void parser_input(yaml_parser_t *parser, const char *text, size_t len)
{
	yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(parser, (const unsigned char *)text, len);
}

static int guard(const char *text, size_t len, const char *name, struct error *err)
{
	CLEANUP(parser_cleanup) yaml_parser_t parser = {};
	struct guard g = {};
	bool end = false;

	if (!yaml_parser_initialize(&parser))
		return error_set(err, -ENOMEM, "%s: out of memory", name);
	parser_input(&parser, text, len);
	while (!end) {
		const char *wrong;
		yaml_event_t event;
		int r = 0;

		if (!yaml_parser_parse(&parser, &event))
			return complain_parser(name, &parser, text, err);
		end = event.type == YAML_STREAM_END_EVENT;
		wrong = guard_event(&g, &event);
		if (wrong)
			r = complain_at(name, event.start_mark, err, wrong);
		yaml_event_delete(&event);
		if (r)
			return r;
	}
	return 0;
}

static int compare_keys(const void *a, const void *b)
{
	const yaml_node_t *const *x = a, *const *y = b;
	int r = strcmp((const char *)(*x)->data.scalar.value,
		       (const char *)(*y)->data.scalar.value);

	if (r)
		return r;
	return (*x)->start_mark.index < (*y)->start_mark.index ? -1 : 1;
}

/* Keys must be scalars, each once. Sorted, for a map may have thousands. */
static int check_map(struct config *config, const yaml_node_t *map, struct error *err)
{
	size_t count = (size_t)(map->data.mapping.pairs.top - map->data.mapping.pairs.start);
	_free_ const yaml_node_t **keys = calloc(count + 1, sizeof(*keys));
	const yaml_node_t *twice = NULL;

	if (!keys)
		return error_set(err, -ENOMEM, "%s: out of memory", config->name);
	for (size_t i = 0; i < count; i++) {
		struct config_node key = node_at(config, map->data.mapping.pairs.start[i].key);

		if (key.node->type != YAML_SCALAR_NODE || is_null(key.node))
			return config_complain(key, err, "a key must be a word");
		keys[i] = key.node;
	}
	qsort(keys, count, sizeof(*keys), compare_keys);
	for (size_t i = 1; i < count; i++) {
		if (str_eq((const char *)keys[i - 1]->data.scalar.value,
			   (const char *)keys[i]->data.scalar.value) &&
		    (!twice || keys[i]->start_mark.index < twice->start_mark.index))
			twice = keys[i];
	}
	if (twice)
		return config_complain((struct config_node){ config, twice }, err,
				       "key %s is there twice", twice->data.scalar.value);
	return 0;
}

static int check_document(struct config *config, struct error *err)
{
	const yaml_node_t *node;

	for (node = config->document.nodes.start; node < config->document.nodes.top; node++) {
		int r = node->type == YAML_MAPPING_NODE ? check_map(config, node, err) : 0;

		if (r)
			return r;
	}
	return 0;
}

static int load_document(struct config *config, const char *text, size_t len, struct error *err)
{
	CLEANUP(parser_cleanup) yaml_parser_t parser = {};
	struct config_node root;
	int r;

	if (!yaml_parser_initialize(&parser))
		return error_set(err, -ENOMEM, "%s: out of memory", config->name);
	parser_input(&parser, text, len);
	if (!yaml_parser_load(&parser, &config->document))
		return complain_parser(config->name, &parser, text, err);
	config->loaded = true;
	root = (struct config_node){ config, yaml_document_get_root_node(&config->document) };
	if (!root.node || (root.node->type == YAML_SCALAR_NODE && is_null(root.node)))
		return 0; /* empty, or only comments */
	r = check_document(config, err);
	if (r)
		return r;
	return config_map_read(root, "the file", sections, config, err);
}

int config_load_text(const char *text, size_t len, const char *name, struct config **ret,
		     struct error *err)
{
	CLEANUP(config_cleanup) struct config *config = NULL;
	int r;

	if (len > SIZE_MOST)
		return error_set(err, -EFBIG, "%s: larger than 4 MiB", name);
	r = guard(text, len, name, err);
	if (r)
		return r;
	config = calloc(1, sizeof(*config));
	if (config)
		config->name = strdup(name);
	if (!config || !config->name)
		return error_set(err, -ENOMEM, "%s: out of memory", name);
	r = load_document(config, text, len, err);
	if (r)
		return r;
	*ret = TAKE_PTR(config);
	return 0;
}

int config_load_file(const char *path, struct config **ret, struct error *err)
{
	_free_ char *text = NULL;
	size_t len = 0;
	int r = file_read(AT_FDCWD, path, SIZE_MOST, &text, &len);

	if (r == -EFBIG)
		return error_set(err, r, "%s: larger than 4 MiB", path);
	if (r)
		return error_errno(err, r, "%s", path);
	return config_load_text(text, len, path, ret, err);
}

void config_free(struct config *config)
{
	if (!config)
		return;
	if (config->loaded)
		yaml_document_delete(&config->document);
	free(config->name);
	free(config);
}
