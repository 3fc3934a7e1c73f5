// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"

static void test_set(void **state)
{
	struct error err = {};

	(void)state;
	assert_int_equal(error_set(&err, -EINVAL, "port %d: too large", 70000), -EINVAL);
	assert_int_equal(err.code, -EINVAL);
	assert_string_equal(err.message, "port 70000: too large");
	assert_int_equal(error_set(NULL, -ENOENT, "%s", "x"), -ENOENT);
	/* the old message may be an argument of the new one */
	error_set(&err, -EIO, "again: %s", err.message);
	assert_string_equal(err.message, "again: port 70000: too large");
}

static void test_errno(void **state)
{
	struct error err = {};

	(void)state;
	assert_int_equal(error_errno(&err, -ENOENT, "%s", "/x"), -ENOENT);
	assert_string_equal(err.message, "/x: No such file or directory");
	assert_int_equal(error_errno(NULL, -ENOENT, "x"), -ENOENT);
}

static void test_wrap(void **state)
{
	struct error err = {};

	(void)state;
	error_set(&err, -ERANGE, "dport 70000: not between 0 and 65535");
	assert_int_equal(error_wrap(&err, "%s:%d:%d", "rules.yaml", 12, 9), -ERANGE);
	assert_string_equal(err.message, "rules.yaml:12:9: dport 70000: not between 0 and 65535");
	assert_int_equal(err.code, -ERANGE);
	assert_int_equal(error_wrap(NULL, "x"), -EINVAL);
}

static void test_long(void **state)
{
	struct error err = {};
	char text[2000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	error_set(&err, -EINVAL, "%s", text);
	assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
	error_wrap(&err, "front");
	assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
	assert_memory_equal(err.message, "front: xxx", 10);
	/* no room is left even for the colon */
	error_wrap(&err, "%.*s", (int)sizeof(err.message) - 1, text);
	assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
	error_wrap(&err, "%.*s", (int)sizeof(err.message) - 2, text);
	assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
	error_errno(&err, -EINVAL, "%s", text);
	assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
}

static void test_name(void **state)
{
	(void)state;
	assert_string_equal(errno_name(111), "ECONNREFUSED");
	assert_string_equal(errno_name(-111), "ECONNREFUSED");
	assert_string_equal(errno_name(123456), "E123456");
	assert_string_equal(errno_name(INT_MIN), "E2147483648");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),  cmocka_unit_test(test_errno),
		cmocka_unit_test(test_wrap), cmocka_unit_test(test_long),
		cmocka_unit_test(test_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
