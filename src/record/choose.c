// SPDX-License-Identifier: GPL-2.0-or-later
/* --columns and --sort: which fields, in which order. */
#include <errno.h>

#include "record/sink.h"

static int field_named(const struct schema *schema, const char *option, const char *name,
		       const struct field **ret, struct error *err)
{
	const struct field *field = schema_field(schema, name), *near;

	if (field) {
		*ret = field;
		return 0;
	}
	near = schema_nearest(schema, name);
	if (near)
		return error_set(err, -EINVAL, "--%s: unknown field %s; did you mean %s?", option,
				 name, near->name);
	return error_set(err, -EINVAL, "--%s: unknown field \"%s\"; --schema lists the fields",
			 option, name);
}

/* Whether a format shows the field without being asked. */
static bool is_default(enum output_format format, const struct field *f)
{
	if (format == OUTPUT_TABLE)
		return !(f->flags & (FIELD_WIDE | FIELD_HIDDEN | FIELD_NO_TABLE));
	if (format == OUTPUT_WIDE)
		return !(f->flags & (FIELD_HIDDEN | FIELD_NO_TABLE));
	return !(f->flags & FIELD_TABLE_ONLY);
}

/* Each field once: a second column of it would be a second key in JSON. */
static void column_add(struct output *out, const struct field *field)
{
	for (size_t i = 0; i < out->columns_count; i++) {
		if (out->columns[i] == field)
			return;
	}
	out->columns[out->columns_count++] = field;
}

int columns_choose(struct output *out, const struct output_options *options, struct error *err)
{
	const struct option_list *list = &options->columns;
	const struct schema *schema = out->schema;
	bool more = list->count && list->values[0][0] == '+';

	out->columns = calloc(schema->count, sizeof(*out->columns));
	if (!out->columns)
		return error_errno(err, -ENOMEM, "columns");
	out->columns_chosen = list->count && !more;
	for (size_t i = 0; i < schema->count && !out->columns_chosen; i++) {
		if (is_default(out->format, &schema->fields[i]))
			column_add(out, &schema->fields[i]);
	}
	for (size_t i = 0; i < list->count; i++) {
		const char *name = list->values[i];
		const struct field *field = NULL;
		int r = field_named(schema, "columns", name + (*name == '+'), &field, err);

		if (r)
			return r;
		column_add(out, field);
	}
	return 0;
}

static bool is_number(const struct field *f)
{
	return !f->names && f->type != FIELD_CHARS && f->type != FIELD_STRING &&
	       f->type != FIELD_ADDR;
}

int sort_choose(struct output *out, const struct output_options *options, struct error *err)
{
	const struct option_list *list = &options->sort;

	if (!list->count)
		return 0;
	out->keys = calloc(list->count, sizeof(*out->keys));
	if (!out->keys)
		return error_errno(err, -ENOMEM, "sort keys");
	for (size_t i = 0; i < list->count; i++) {
		const char *name = list->values[i];
		struct sort_key *key = &out->keys[i];
		bool turned = *name == '-';
		int r = field_named(out->schema, "sort", name + turned, &key->field, err);

		if (r)
			return r;
		/* the biggest, the latest, and A first */
		key->descending = is_number(key->field) != turned;
	}
	out->keys_count = list->count;
	return 0;
}
