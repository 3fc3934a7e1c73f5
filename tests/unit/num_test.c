// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"

enum { UNTOUCHED = 77 };

typedef int (*parse_fn)(const char *text, uint64_t min, uint64_t max, uint64_t *ret,
			struct error *err);

/* `message` NULL: parses to `value`; else fails with `code` and leaves the output alone. */
struct parse_case {
	const char *text;
	uint64_t min, max;
	uint64_t value;
	int code;
	const char *message;
};

static void check(parse_fn parse, const struct parse_case *c)
{
	struct error err = {};
	uint64_t value = UNTOUCHED;
	int r = parse(c->text, c->min, c->max, &value, &err);

	if (!c->message) {
		if (r || value != c->value)
			print_message("%s: %d %s\n", c->text, r, err.message);
		assert_int_equal(r, 0);
		assert_int_equal(value, c->value);
		return;
	}
	assert_string_equal(err.message, c->message);
	assert_int_equal(r, c->code);
	assert_int_equal(err.code, c->code);
	assert_int_equal(value, UNTOUCHED);
	/* and without an error object */
	assert_int_equal(parse(c->text, c->min, c->max, &value, NULL), c->code);
}

static void test_parse(void **state)
{
	static const struct parse_case cases[] = {
		{ "0", 0, UINT64_MAX, 0 },
		{ "007", 0, UINT64_MAX, 7 },
		{ "18446744073709551615", 0, UINT64_MAX, UINT64_MAX },
		{ "0xff", 0, 255, 255 },
		{ "0XFf", 0, 255, 255 },
		{ "0xffffffffffffffff", 0, UINT64_MAX, UINT64_MAX },
		{ "65535", 0, 65535, 65535 },
		{ "65536", 0, 65535, 0, -ERANGE, "65536: not between 0 and 65535" },
		{ "0", 1, UINT64_MAX, 0, -ERANGE, "0: not 1 or more" },
		{ "18446744073709551616", 0, UINT64_MAX, 0, -ERANGE,
		  "18446744073709551616: too large" },
		{ "0x10000000000000000", 0, UINT64_MAX, 0, -ERANGE,
		  "0x10000000000000000: too large" },
		{ "99999999999999999999", 0, 9, 0, -ERANGE,
		  "99999999999999999999: not between 0 and 9" },
		{ "", 0, UINT64_MAX, 0, -EINVAL, ": not a number" },
		{ "abc", 0, UINT64_MAX, 0, -EINVAL, "abc: not a number" },
		{ "-1", 0, UINT64_MAX, 0, -EINVAL, "-1: not a number" },
		{ "+1", 0, UINT64_MAX, 0, -EINVAL, "+1: not a number" },
		{ " 1", 0, UINT64_MAX, 0, -EINVAL, " 1: not a number" },
		{ "1 ", 0, UINT64_MAX, 0, -EINVAL, "1 : not a number" },
		{ "1.5", 0, UINT64_MAX, 0, -EINVAL, "1.5: not a number" },
		{ "0x", 0, UINT64_MAX, 0, -EINVAL, "0x: not a number" },
		{ "0xg", 0, UINT64_MAX, 0, -EINVAL, "0xg: not a number" },
		{ "1e3", 0, UINT64_MAX, 0, -EINVAL, "1e3: not a number" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check(num_parse, &cases[i]);
}

static void test_parse_signed(void **state)
{
	struct error err = {};
	int64_t v = UNTOUCHED;

	(void)state;
	assert_int_equal(num_parse_signed("9223372036854775808", INT64_MIN, INT64_MAX, &v, &err),
			 -ERANGE);
	assert_int_equal(num_parse_signed("-9223372036854775809", INT64_MIN, INT64_MAX, &v, &err),
			 -ERANGE);
	assert_int_equal(num_parse_signed("-", INT64_MIN, INT64_MAX, &v, &err), -EINVAL);
	assert_int_equal(num_parse_signed("--1", INT64_MIN, INT64_MAX, &v, &err), -EINVAL);
	assert_int_equal(num_parse_signed("-21", -20, 19, &v, &err), -ERANGE);
	assert_string_equal(err.message, "-21: not between -20 and 19");
	assert_int_equal(v, UNTOUCHED);
	assert_int_equal(num_parse_signed("-9223372036854775808", INT64_MIN, INT64_MAX, &v, &err),
			 0);
	assert_true(v == INT64_MIN);
	assert_int_equal(num_parse_signed("9223372036854775807", INT64_MIN, INT64_MAX, &v, &err),
			 0);
	assert_true(v == INT64_MAX);
	assert_int_equal(num_parse_signed("-0", -1, 1, &v, &err), 0);
	assert_int_equal(v, 0);
	assert_int_equal(num_parse_signed("-20", -20, 19, &v, &err), 0);
	assert_int_equal(v, -20);
}

static void test_parse_size(void **state)
{
	static const struct parse_case cases[] = {
		{ "0", 0, UINT64_MAX, 0 },
		{ "10", 0, UINT64_MAX, 10 },
		{ "10B", 0, UINT64_MAX, 10 },
		{ "10k", 0, UINT64_MAX, 10240 },
		{ "10K", 0, UINT64_MAX, 10240 },
		{ "10kB", 0, UINT64_MAX, 10240 },
		{ "10KiB", 0, UINT64_MAX, 10240 },
		{ "1.5M", 0, UINT64_MAX, 1572864 },
		{ "1.5MiB", 0, UINT64_MAX, 1572864 },
		{ "0.001k", 0, UINT64_MAX, 1 },
		{ "3G", 0, UINT64_MAX, 3ULL << 30 },
		{ "16777215T", 0, UINT64_MAX, 16777215ULL << 40 },
		{ "16777216T", 0, UINT64_MAX, 0, -ERANGE, "16777216T: too large" },
		{ "99999999999999999999", 0, UINT64_MAX, 0, -ERANGE,
		  "99999999999999999999: too large" },
		{ "5k", 0, 4096, 0, -ERANGE, "5k: not between 0 and 4k" },
		{ "1", 4096, 64 << 20, 0, -ERANGE, "1: not between 4k and 64M" },
		{ "1", 4095, UINT64_MAX, 0, -ERANGE, "1: not 4095 or more" },
		{ "1.5", 0, UINT64_MAX, 0, -EINVAL, "1.5: not a size (such as 10M)" },
		{ "0.5B", 0, UINT64_MAX, 0, -EINVAL, "0.5B: not a size (such as 10M)" },
		{ "", 0, UINT64_MAX, 0, -EINVAL, ": not a size (such as 10M)" },
		{ "M", 0, UINT64_MAX, 0, -EINVAL, "M: not a size (such as 10M)" },
		{ "10m", 0, UINT64_MAX, 0, -EINVAL, "10m: not a size (such as 10M)" },
		{ "10 M", 0, UINT64_MAX, 0, -EINVAL, "10 M: not a size (such as 10M)" },
		{ "1.M", 0, UINT64_MAX, 0, -EINVAL, "1.M: not a size (such as 10M)" },
		{ ".5M", 0, UINT64_MAX, 0, -EINVAL, ".5M: not a size (such as 10M)" },
		{ "1.0000000001M", 0, UINT64_MAX, 0, -EINVAL,
		  "1.0000000001M: not a size (such as 10M)" },
		{ "-1M", 0, UINT64_MAX, 0, -EINVAL, "-1M: not a size (such as 10M)" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check(num_parse_size, &cases[i]);
}

static void test_parse_duration(void **state)
{
	static const uint64_t second = 1000000000, day = 86400 * second;
	const struct parse_case cases[] = {
		{ "5", 0, UINT64_MAX, 5 * second },
		{ "5s", 0, UINT64_MAX, 5 * second },
		{ "250ms", 0, UINT64_MAX, second / 4 },
		{ "10us", 0, UINT64_MAX, 10000 },
		{ "7ns", 0, UINT64_MAX, 7 },
		{ "1.5s", 0, UINT64_MAX, second * 3 / 2 },
		{ "0.25", 0, UINT64_MAX, second / 4 },
		{ "2m", 0, UINT64_MAX, 120 * second },
		{ "2min", 0, UINT64_MAX, 120 * second },
		{ "1.5h", 0, UINT64_MAX, 5400 * second },
		{ "1d", 0, UINT64_MAX, day },
		{ "213504d", 0, UINT64_MAX, 0, -ERANGE, "213504d: too large" },
		{ "0", second / 1000, day, 0, -ERANGE, "0: not between 1ms and 1d" },
		{ "2d", second / 1000, 90 * second, 0, -ERANGE, "2d: not between 1ms and 90s" },
		{ "0.5ns", 0, UINT64_MAX, 0, -EINVAL, "0.5ns: not a time (such as 250ms)" },
		{ "1M", 0, UINT64_MAX, 0, -EINVAL, "1M: not a time (such as 250ms)" },
		{ "1h30m", 0, UINT64_MAX, 0, -EINVAL, "1h30m: not a time (such as 250ms)" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check(num_parse_duration, &cases[i]);
}

static void test_parse_rate(void **state)
{
	static const struct parse_case cases[] = {
		{ "1000/s", 0, UINT64_MAX, 3600000 },
		{ "1000", 0, UINT64_MAX, 3600000 },
		{ "60/m", 0, UINT64_MAX, 3600 },
		{ "60/min", 0, UINT64_MAX, 3600 },
		{ "10/h", 0, UINT64_MAX, 10 },
		{ "1/h", 0, UINT64_MAX, 1 },
		{ "0/s", 0, UINT64_MAX, 0 },
		{ "0/s", 1, UINT64_MAX, 0, -ERANGE, "0/s: outside the allowed range" },
		{ "9999999999999999999/s", 0, UINT64_MAX, 0, -EINVAL,
		  "9999999999999999999/s: not a rate (such as 1000/s)" },
		{ "1/d", 0, UINT64_MAX, 0, -EINVAL, "1/d: not a rate (such as 1000/s)" },
		{ "1/", 0, UINT64_MAX, 0, -EINVAL, "1/: not a rate (such as 1000/s)" },
		{ "/s", 0, UINT64_MAX, 0, -EINVAL, "/s: not a rate (such as 1000/s)" },
		{ "", 0, UINT64_MAX, 0, -EINVAL, ": not a rate (such as 1000/s)" },
		{ "00000000000000000000000000000001/s", 0, UINT64_MAX, 0, -EINVAL,
		  "00000000000000000000000000000001/s: not a rate (such as 1000/s)" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check(num_parse_rate, &cases[i]);
}

static void check_range(const char *text, const char *message)
{
	uint64_t first = UNTOUCHED, last = UNTOUCHED;
	struct error err = {};

	assert_true(num_parse_range(text, 0, 65535, &first, &last, &err) < 0);
	assert_string_equal(err.message, message);
	assert_int_equal(first, UNTOUCHED);
	assert_int_equal(last, UNTOUCHED);
}

static void test_parse_range(void **state)
{
	uint64_t first = 0, last = 0;

	(void)state;
	assert_int_equal(num_parse_range("80", 0, 65535, &first, &last, NULL), 0);
	assert_int_equal(first, 80);
	assert_int_equal(last, 80);
	assert_int_equal(num_parse_range("8000-8100", 0, 65535, &first, &last, NULL), 0);
	assert_int_equal(first, 8000);
	assert_int_equal(last, 8100);
	assert_int_equal(num_parse_range("5-5", 0, 65535, &first, &last, NULL), 0);
	assert_int_equal(first, 5);
	assert_int_equal(last, 5);
	check_range("9-8", "9-8: the range ends before it begins");
	check_range("-5", "-5: not a range (such as 8000-8100)");
	check_range("5-", ": not a number");
	check_range("1-2-3", "2-3: not a number");
	check_range("1-70000", "70000: not between 0 and 65535");
	check_range("http", "http: not a number");
}

struct format_case {
	uint64_t value;
	const char *text;
};

static void test_format_size(void **state)
{
	static const struct format_case cases[] = {
		{ 0, "0" },
		{ 1, "1" },
		{ 1023, "1023" },
		{ 1024, "1.0k" },
		{ 1536, "1.5k" },
		{ 1572864, "1.5M" },
		{ 102348, "99.9k" },
		{ 102350, "100k" },
		{ 1023 * 1024, "1023k" },
		{ 1024 * 1024 - 1, "1.0M" },
		{ 1ULL << 30, "1.0G" },
		{ 1ULL << 40, "1.0T" },
		{ 1ULL << 50, "1.0P" },
		{ UINT64_MAX, "16.0E" },
	};
	char buf[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(num_format_size(cases[i].value, buf), cases[i].text);
}

static void test_format_duration(void **state)
{
	static const struct format_case cases[] = {
		{ 0, "0ns" },
		{ 999, "999ns" },
		{ 1000, "1.0us" },
		{ 99999, "99.9us" },
		{ 100000, "100us" },
		{ 999999, "999us" },
		{ 1000000, "1.0ms" },
		{ 250000000, "250ms" },
		{ 999999999, "999ms" },
		{ 1500000000, "1.50s" },
		{ 59999999999, "59.99s" },
		{ 60000000000, "1m00s" },
		{ 125000000000, "2m05s" },
		{ 3599999999999, "59m59s" },
		{ 11400000000000, "3h10m" },
		{ 352800000000000, "4d02h" },
		{ UINT64_MAX, "213503d23h" },
	};
	char buf[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(num_format_duration(cases[i].value, buf), cases[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),	    cmocka_unit_test(test_parse_signed),
		cmocka_unit_test(test_parse_size),  cmocka_unit_test(test_parse_duration),
		cmocka_unit_test(test_parse_rate),  cmocka_unit_test(test_parse_range),
		cmocka_unit_test(test_format_size), cmocka_unit_test(test_format_duration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
