// SPDX-License-Identifier: GPL-2.0-or-later
#include "record/schema.h"

#include <errno.h>
#include <limits.h>
#include <math.h>

#include "record/json.h"
#include "record/output.h"

const struct field *schema_field(const struct schema *schema, const char *name)
{
	for (size_t i = 0; i < schema->count; i++) {
		if (str_eq(schema->fields[i].name, name))
			return &schema->fields[i];
	}
	return NULL;
}

const struct field *schema_nearest(const struct schema *schema, const char *name)
{
	const struct field *nearest = NULL;
	unsigned int best = UINT_MAX;
	size_t len = strlen(name);

	for (size_t i = 0; i < schema->count; i++) {
		unsigned int d = str_distance(name, schema->fields[i].name);

		if (d < best) {
			best = d;
			nearest = &schema->fields[i];
		}
	}
	/* one letter in three may be wrong, but never all of a short word */
	return best < len && best <= MAX(len / 3, (size_t)1) + 1 ? nearest : NULL;
}

static uint64_t read_unsigned(const struct field *f, const char *at)
{
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	switch (f->size) {
	case 1: return memcpy(&u8, at, 1), u8;
	case 2: return memcpy(&u16, at, 2), u16;
	case 4: return memcpy(&u32, at, 4), u32;
	default: return memcpy(&u64, at, 8), u64;
	}
}

static int64_t read_signed(const struct field *f, const char *at)
{
	int32_t i32;
	int64_t i64;

	if (f->type == FIELD_I32)
		return memcpy(&i32, at, 4), i32;
	return memcpy(&i64, at, 8), i64;
}

static struct value text_value(const struct field *f, const char *text, size_t len)
{
	if (!text || (!len && (f->flags & FIELD_ZERO_IS_NONE)))
		return (struct value){ .kind = VALUE_NONE };
	return (struct value){ .kind = VALUE_TEXT, .text = text, .len = len };
}

static struct value number_value(const struct field *f, struct value v)
{
	bool zero = v.kind == VALUE_DOUBLE ? v.d == 0 : v.u == 0;

	if (zero &&
	    ((f->flags & FIELD_ZERO_IS_NONE) || f->unit == UNIT_TIME || f->unit == UNIT_PORT))
		return (struct value){ .kind = VALUE_NONE };
	/* a negative number is out of range, too, as an unsigned one */
	if (f->names && v.kind != VALUE_DOUBLE && v.u < f->names_count && f->names[v.u])
		return text_value(f, f->names[v.u], strlen(f->names[v.u]));
	return v;
}

struct value field_value(const struct field *field, const void *record)
{
	const char *at = (const char *)record + field->offset;
	struct value v = {};
	const char *text;

	switch (field->type) {
	case FIELD_CHARS: return text_value(field, at, strnlen(at, field->size));
	case FIELD_STRING:
		memcpy(&text, at, sizeof(text));
		return text_value(field, text, text ? strlen(text) : 0);
	case FIELD_ADDR:
		memcpy(&v.addr, at, sizeof(v.addr));
		v.kind = v.addr.version ? VALUE_ADDR : VALUE_NONE;
		return v;
	case FIELD_DOUBLE:
		memcpy(&v.d, at, sizeof(v.d));
		v.kind = VALUE_DOUBLE;
		if (isnan(v.d))
			v.kind = VALUE_NONE;
		break;
	case FIELD_I32:
	case FIELD_I64:
		v.kind = VALUE_SIGNED;
		v.i = read_signed(field, at);
		break;
	case FIELD_BOOL:
		v.kind = VALUE_UNSIGNED;
		v.u = read_unsigned(field, at) != 0;
		break;
	case FIELD_U8:
	case FIELD_U16:
	case FIELD_U32:
	case FIELD_U64:
		v.kind = VALUE_UNSIGNED;
		v.u = read_unsigned(field, at);
		break;
	}
	return v.kind == VALUE_NONE ? v : number_value(field, v);
}

/* The type as a reader of JSON sees it. */
static const char *type_name(const struct field *f)
{
	if (f->names || f->unit == UNIT_TIME || f->unit == UNIT_ID || f->unit == UNIT_HEX)
		return "string";
	switch (f->type) {
	case FIELD_BOOL: return "boolean";
	case FIELD_DOUBLE: return "number";
	case FIELD_CHARS:
	case FIELD_STRING:
	case FIELD_ADDR: return "string";
	default: return "integer";
	}
}

static const char *unit_name(const struct field *f)
{
	static const char *const names[] = {
		[UNIT_NONE] = NULL,	  [UNIT_BYTES] = "bytes",     [UNIT_NS] = "ns",
		[UNIT_TIME] = "time",	  [UNIT_PERCENT] = "percent", [UNIT_HEX] = "hexadecimal",
		[UNIT_ID] = "identifier", [UNIT_PORT] = "port",
	};

	if (f->type == FIELD_ADDR)
		return "address";
	return names[f->unit];
}

/* Where the field stands without being asked for. */
static const char *shown_in(const struct field *f)
{
	if (f->flags & (FIELD_HIDDEN | FIELD_NO_TABLE))
		return "json";
	if (f->flags & FIELD_TABLE_ONLY)
		return "table only";
	return f->flags & FIELD_WIDE ? "wide" : "table";
}

static void schema_json(const struct schema *schema, struct strbuf *out)
{
	struct json j = { .out = out };

	json_object_begin(&j, NULL);
	json_text(&j, "type", "schema");
	json_text(&j, "name", schema->name);
	json_text(&j, "help", schema->help);
	json_array_begin(&j, "fields");
	for (size_t i = 0; i < schema->count; i++) {
		const struct field *f = &schema->fields[i];

		json_object_begin(&j, NULL);
		json_text(&j, "name", f->name);
		json_text(&j, "type", type_name(f));
		json_text(&j, "unit", unit_name(f));
		json_text(&j, "shown", shown_in(f));
		json_text(&j, "column", f->header);
		json_text(&j, "help", f->help);
		if (f->names) {
			json_array_begin(&j, "values");
			for (size_t k = 0; k < f->names_count; k++) {
				if (f->names[k])
					json_text(&j, NULL, f->names[k]);
			}
			json_array_end(&j);
		}
		json_object_end(&j);
	}
	json_array_end(&j);
	json_object_end(&j);
	strbuf_addc(out, '\n');
}

static void schema_table(const struct schema *schema, struct strbuf *out)
{
	int name_width = 5, type_width = 4;

	for (size_t i = 0; i < schema->count; i++) {
		const struct field *f = &schema->fields[i];
		const char *type = unit_name(f) ? unit_name(f) : type_name(f);

		name_width = MAX(name_width, (int)strlen(f->name));
		type_width = MAX(type_width, (int)strlen(type));
	}
	strbuf_addf(out, "%-*s  %-*s  SHOWN       MEANING\n", name_width, "FIELD", type_width,
		    "TYPE");
	for (size_t i = 0; i < schema->count; i++) {
		const struct field *f = &schema->fields[i];
		const char *type = unit_name(f) ? unit_name(f) : type_name(f);

		strbuf_addf(out, "%-*s  %-*s  %-10s  %s\n", name_width, f->name, type_width, type,
			    shown_in(f), f->help);
	}
}

int schema_print(const struct schema *schema, bool json, struct strbuf *out)
{
	if (json)
		schema_json(schema, out);
	else
		schema_table(schema, out);
	return out->failed ? -ENOMEM : 0;
}
