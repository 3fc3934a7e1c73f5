// SPDX-License-Identifier: GPL-2.0-or-later
#include <json-c/json.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "record/output.h"

enum colour { RED, GREEN };

struct sample {
	bool yes;
	uint8_t u8;
	uint16_t port;
	uint32_t u32, zero_none;
	uint64_t u64, time;
	int32_t i32;
	int64_t i64;
	double ratio;
	char chars[4];
	char after; /* must never be read as part of chars */
	const char *text;
	struct ip_addr addr;
	enum colour colour;
	int32_t level;
} __attribute__((packed)); /* fields may stand at any address */

static const char *const colours[] = { "red", NULL, "blue" };

static const struct field fields[] = {
	FIELD(struct sample, yes, "YES", 3, "a bool"),
	FIELD(struct sample, u8, "U8", 3, "one byte"),
	FIELD(struct sample, port, "PORT", 5, "a port", .unit = UNIT_PORT),
	FIELD(struct sample, u32, "U32", 3, "four bytes"),
	FIELD(struct sample, zero_none, "ZN", 3, "zero is none", .flags = FIELD_ZERO_IS_NONE),
	FIELD(struct sample, u64, "U64", 3, "eight bytes", .unit = UNIT_BYTES, .flags = FIELD_WIDE),
	FIELD(struct sample, time, "TIME", 3, "a time", .unit = UNIT_TIME, .flags = FIELD_HIDDEN),
	FIELD(struct sample, i32, "I32", 3, "signed"),
	FIELD(struct sample, i64, "I64", 3, "signed", .unit = UNIT_NS),
	FIELD(struct sample, ratio, "RATIO", 3, "a double"),
	FIELD(struct sample, chars, "CHARS", 3, "bytes", .flags = FIELD_ZERO_IS_NONE),
	FIELD(struct sample, text, "TEXT", 3, "text"),
	FIELD(struct sample, addr, "ADDR", 3, "an address"),
	FIELD(struct sample, colour, "COLOUR", 3, "a colour", .names = colours,
	      .names_count = ARRAY_SIZE(colours)),
	FIELD_AS("both", struct sample, u32, "BOTH", 3, "composed", .flags = FIELD_TABLE_ONLY),
	FIELD(struct sample, level, "LEVEL", 3, "a signed enum", .names = colours,
	      .names_count = ARRAY_SIZE(colours)),
};
static const struct schema schema = { .name = "sample",
				      .help = "one of \"each\"",
				      .fields = fields,
				      .count = ARRAY_SIZE(fields),
				      .record_size = sizeof(struct sample) };

static struct value value_of(const struct sample *s, const char *name)
{
	const struct field *f = schema_field(&schema, name);

	assert_non_null(f);
	return field_value(f, s);
}

static void test_numbers(void **state)
{
	const struct sample s = { .yes = true,
				  .u8 = 255,
				  .port = 65535,
				  .u32 = UINT32_MAX,
				  .zero_none = 1,
				  .u64 = UINT64_MAX,
				  .time = 5,
				  .i32 = INT32_MIN,
				  .i64 = INT64_MIN,
				  .ratio = 0.5 };

	(void)state;
	assert_int_equal(value_of(&s, "yes").u, 1);
	assert_int_equal(value_of(&s, "u8").u, 255);
	assert_int_equal(value_of(&s, "port").u, 65535);
	assert_int_equal(value_of(&s, "u32").u, UINT32_MAX);
	assert_int_equal(value_of(&s, "zero_none").u, 1);
	assert_int_equal(value_of(&s, "u64").kind, VALUE_UNSIGNED);
	assert_true(value_of(&s, "u64").u == UINT64_MAX);
	assert_int_equal(value_of(&s, "time").u, 5);
	assert_int_equal(value_of(&s, "i32").kind, VALUE_SIGNED);
	assert_int_equal(value_of(&s, "i32").i, INT32_MIN);
	assert_true(value_of(&s, "i64").i == INT64_MIN);
	assert_int_equal(value_of(&s, "ratio").kind, VALUE_DOUBLE);
	assert_true(value_of(&s, "ratio").d == 0.5);
}

static void test_no_value(void **state)
{
	static const char *const none[] = { "port", "zero_none", "time", "chars",
					    "text", "addr",	 "ratio" };
	static const char *const zero[] = { "yes", "u8", "u32", "u64", "i32", "i64" };
	const struct sample s = { .ratio = NAN };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		assert_int_equal(value_of(&s, none[i]).kind, VALUE_NONE);
	for (size_t i = 0; i < ARRAY_SIZE(zero); i++) {
		assert_int_not_equal(value_of(&s, zero[i]).kind, VALUE_NONE);
		assert_int_equal(value_of(&s, zero[i]).u, 0);
	}
}

static void test_text(void **state)
{
	struct sample s = { .chars = { 'a', 'b', 'c', 'd' }, .after = 'X', .text = "" };
	struct value v = value_of(&s, "chars");

	(void)state;
	assert_int_equal(v.kind, VALUE_TEXT);
	assert_int_equal(v.len, 4);
	assert_memory_equal(v.text, "abcd", 4);
	s.chars[2] = '\0';
	assert_int_equal(value_of(&s, "chars").len, 2);
	/* "" is a value, NULL is none */
	assert_int_equal(value_of(&s, "text").kind, VALUE_TEXT);
	s.text = "x";
	assert_string_equal(value_of(&s, "text").text, "x");
	ip_addr_parse("10.0.0.1", &s.addr, NULL);
	assert_int_equal(value_of(&s, "addr").kind, VALUE_ADDR);
	assert_int_equal(value_of(&s, "addr").addr.version, 4);
}

static void test_names(void **state)
{
	struct sample s = { .colour = RED, .level = -1 };

	(void)state;
	assert_string_equal(value_of(&s, "colour").text, "red");
	s.colour = GREEN; /* a hole in the table */
	assert_int_equal(value_of(&s, "colour").kind, VALUE_UNSIGNED);
	assert_int_equal(value_of(&s, "colour").u, 1);
	s.colour = (enum colour)3; /* behind it */
	assert_int_equal(value_of(&s, "colour").kind, VALUE_UNSIGNED);
	assert_int_equal(value_of(&s, "level").kind, VALUE_SIGNED);
	assert_int_equal(value_of(&s, "level").i, -1);
	s.level = 2;
	assert_string_equal(value_of(&s, "level").text, "blue");
}

static void test_nearest(void **state)
{
	(void)state;
	assert_null(schema_field(&schema, "colou"));
	assert_ptr_equal(schema_nearest(&schema, "color"), schema_field(&schema, "colour"));
	assert_ptr_equal(schema_nearest(&schema, "tmie"), schema_field(&schema, "time"));
	assert_null(schema_nearest(&schema, "bandwidth"));
	assert_null(schema_nearest(&schema, ""));
}

static void test_print(void **state)
{
	_strbuf_ struct strbuf table = {}, json = {};
	struct json_object *root, *list = NULL, *item, *value = NULL;

	(void)state;
	assert_int_equal(schema_print(&schema, false, &table), 0);
	assert_non_null(strstr(strbuf_str(&table), "FIELD      TYPE     SHOWN       MEANING\n"
						   "yes        boolean  table       a bool\n"
						   "u8         integer  table       one byte\n"
						   "port       port     table       a port\n"));
	assert_non_null(strstr(strbuf_str(&table), "\nu64        bytes    wide        eight bytes\n"
						   "time       time     json        a time\n"));
	assert_non_null(strstr(strbuf_str(&table), "\nboth       integer  table only  composed\n"));

	assert_int_equal(schema_print(&schema, true, &json), 0);
	root = json_tokener_parse(strbuf_str(&json));
	assert_non_null(root);
	assert_true(json_object_object_get_ex(root, "help", &value));
	assert_string_equal(json_object_get_string(value), "one of \"each\"");
	assert_true(json_object_object_get_ex(root, "fields", &list));
	assert_int_equal(json_object_array_length(list), ARRAY_SIZE(fields));
	item = json_object_array_get_idx(list, 13);
	assert_string_equal(
		json_object_to_json_string_ext(item, JSON_C_TO_STRING_PLAIN),
		"{\"name\":\"colour\",\"type\":\"string\",\"unit\":null,\"shown\":\"table\","
		"\"column\":\"COLOUR\",\"help\":\"a colour\",\"values\":[\"red\",\"blue\"]}");
	json_object_put(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_no_value),
		cmocka_unit_test(test_text),	cmocka_unit_test(test_names),
		cmocka_unit_test(test_nearest), cmocka_unit_test(test_print),
	};

	return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
