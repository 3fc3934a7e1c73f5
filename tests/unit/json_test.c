// SPDX-License-Identifier: GPL-2.0-or-later
#include <json-c/json.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "record/json.h"

static void test_shapes(void **state)
{
	_strbuf_ struct strbuf out = {};
	struct json j = { .out = &out };

	(void)state;
	json_object_begin(&j, NULL);
	json_u64(&j, "u", UINT64_MAX);
	json_i64(&j, "i", INT64_MIN);
	json_boolean(&j, "b", true);
	json_null(&j, "n");
	json_text(&j, "t", NULL);
	json_text(&j, "e", "");
	json_array_begin(&j, "a");
	json_u64(&j, NULL, 1);
	json_array_begin(&j, NULL);
	json_array_end(&j);
	json_object_begin(&j, NULL);
	json_object_end(&j);
	json_array_end(&j);
	json_boolean(&j, "z", false);
	json_object_end(&j);
	assert_string_equal(strbuf_str(&out),
			    "{\"u\":18446744073709551615,\"i\":-9223372036854775808,\"b\":true,"
			    "\"n\":null,\"t\":null,\"e\":\"\",\"a\":[1,[],{}],\"z\":false}");
}

static void test_two_at_the_top(void **state)
{
	_strbuf_ struct strbuf out = {};
	struct json j = { .out = &out };

	(void)state;
	for (int i = 0; i < 2; i++) {
		json_object_begin(&j, NULL);
		json_object_end(&j);
		strbuf_addc(&out, '\n');
	}
	assert_string_equal(strbuf_str(&out), "{}\n{}\n");
}

static void test_strings(void **state)
{
	static const struct {
		const char *text, *want;
		size_t len;
	} cases[] = {
		{ "plain", "\"plain\"", 5 },
		{ "q\"b\\", "\"q\\\"b\\\\\"", 4 },
		{ "\n\r\t\x01\x1b", "\"\\n\\r\\t\\u0001\\u001b\"", 5 },
		{ "a\0b", "\"a\\u0000b\"", 3 },
		{ "del\x7f", "\"del\\u007f\"", 4 },
		/* C1: a terminal may obey them even when they are valid UTF-8 */
		{ "\xc2\x9b", "\"\\u009b\"", 2 },
		{ "\xc2\xa0", "\"\xc2\xa0\"", 2 },
		{ "h\xc3\xa9", "\"h\xc3\xa9\"", 3 },
		{ "\xf0\x9f\x90\x9d", "\"\xf0\x9f\x90\x9d\"", 4 },
		/* a cut sequence, a lone continuation, overlong, a surrogate, beyond U+10FFFF */
		{ "\xc3", "\"\xef\xbf\xbd\"", 1 },
		{ "a\x80z", "\"a\xef\xbf\xbdz\"", 3 },
		{ "\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\"", 2 },
		{ "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", 3 },
		{ "\xf5\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\"", 2 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_strbuf_ struct strbuf out = {};
		struct json j = { .out = &out };

		json_string(&j, NULL, cases[i].text, cases[i].len);
		assert_string_equal(strbuf_str(&out), cases[i].want);
	}
}

static void test_doubles(void **state)
{
	static const struct {
		double value;
		const char *want;
	} cases[] = {
		{ 0, "0" },
		{ 0.1, "0.1" },
		{ -2.5, "-2.5" },
		{ 1e300, "1e+300" },
		{ 1.0 / 3, "0.3333333333333333" },
		{ 5e-324, "4.94065645841247e-324" },
		{ NAN, "null" },
		{ INFINITY, "null" },
		{ -INFINITY, "null" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_strbuf_ struct strbuf out = {};
		struct json j = { .out = &out };

		json_double(&j, NULL, cases[i].value);
		assert_string_equal(strbuf_str(&out), cases[i].want);
	}
}

/* Every byte value, and a number that needs all 17 digits, through someone else's reader. */
static void test_round_trip(void **state)
{
	_strbuf_ struct strbuf out = {};
	struct json j = { .out = &out };
	char all[127];
	double hard = 0.1 + 0.2;
	struct json_object *root, *item = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (char)(i + 1);
	json_object_begin(&j, NULL);
	json_string(&j, "all", all, sizeof(all));
	json_double(&j, "hard", hard);
	json_string(&j, "a \"key\"\n", "v", 1);
	json_object_end(&j);
	root = json_tokener_parse(strbuf_str(&out));
	assert_non_null(root);
	assert_true(json_object_object_get_ex(root, "all", &item));
	assert_int_equal(json_object_get_string_len(item), sizeof(all));
	assert_memory_equal(json_object_get_string(item), all, sizeof(all));
	assert_true(json_object_object_get_ex(root, "hard", &item));
	assert_true(json_object_get_double(item) == hard);
	assert_true(json_object_object_get_ex(root, "a \"key\"\n", &item));
	assert_string_equal(json_object_get_string(item), "v");
	json_object_put(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),	   cmocka_unit_test(test_two_at_the_top),
		cmocka_unit_test(test_strings),	   cmocka_unit_test(test_doubles),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
